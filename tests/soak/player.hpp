#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "callers.hpp"
#include "promises.hpp"
#include "tally.hpp"
#include "verifier.hpp"

namespace soak {

/// What all lanes of a worker share, and what the conductor has said.
struct station {
  station(std::string name, duration timeout, std::vector<std::string> proxies, std::vector<std::uint16_t> ports)
      : servers(std::move(proxies)), values(std::move(name)), counts(timeout), behind(counts, std::move(ports)) {}

  const std::vector<std::string> servers;  ///< the addresses that clients have, in the order of the real servers' ports
  writer values;
  tally counts;
  verifier behind;
  std::atomic<unsigned> exempt{0};  ///< a bit for each server whose failures are no surprise
  std::atomic<bool> paused{false};
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> checks{0};
};

/// One lane's verbs: whichever the dice choose, or a check where the conductor asked for one. Its keys are those of all
/// workers, and some of its own: verbs.py says the same for Python.
class player {
 public:
  /// `number`: of the lane, within its worker.
  player(station& s, caller& way, std::size_t number, std::uint64_t seed);

  asio::awaitable<void> turn();
  lane& counts() noexcept { return lane_; }
  chance& dice() noexcept { return dice_; }

  /// Called when a call begins that may be cancelled.
  std::function<void()> may_cancel = [] {};

 private:
  using bulk = std::vector<std::pair<std::string, std::string>>;

  asio::awaitable<void> play_get(cmemcache::verb op);
  asio::awaitable<void> play_cas();
  asio::awaitable<void> play_get_multi();
  asio::awaitable<void> play_store(cmemcache::verb op);
  asio::awaitable<void> play_patch();
  asio::awaitable<void> play_set_multi();
  asio::awaitable<void> play_delete_multi();
  asio::awaitable<void> play_count(cmemcache::verb op);
  asio::awaitable<void> play_servers();
  asio::awaitable<void> check();

  one call(cmemcache::request what);
  template <class Start>
  many call_many(const char* what, std::vector<std::string_view> keys, Start start);
  asio::awaitable<std::size_t> store_many(const bulk& stored);
  void judge(const char* what, std::size_t failed_at_home, time_point began, error_code ec);

  bool healthy(std::string_view key) const;
  std::size_t home(std::string_view key) const;
  std::string some_key();
  std::vector<std::string> some_keys(std::size_t count);
  bulk fresh(std::size_t count, std::size_t length);
  void look_at(std::string_view key, std::string_view value);

  station& station_;
  caller& way_;
  lane& lane_;
  chance dice_;
  const std::string counter_;
  const std::string patched_;
  const std::string bulk_;
  std::uint64_t incrs_ = 0;
  std::uint64_t patches_ = 0;
  std::uint64_t serial_ = 0;
  bool calm_ = false;
};

}  // namespace soak
