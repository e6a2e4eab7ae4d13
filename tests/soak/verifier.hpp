#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tally.hpp"

namespace soak {

/// Looks up behind the library's back, on the servers themselves, what it says it has stored. Thread safety: all members.
class verifier {
 public:
  using pairs = std::vector<std::pair<std::string, std::string>>;

  verifier(tally& counts, std::vector<std::uint16_t> ports) : counts_(counts), ports_(std::move(ports)) {}

  /// A server is about to lose or withhold what it has, or does not do so any more.
  void servers_lose(bool losing) {
    ++epoch_;
    usable_ = !losing;
  }

  /// As it is before a store begins.
  std::uint64_t epoch() const noexcept { return epoch_; }

  /// `stored` must be on the server `where`, or on any.
  void claim(std::uint64_t epoch, pairs stored, std::optional<std::size_t> where = {});

  /// Looks up claims until the process ends: a thread's work.
  [[noreturn]] void verify_on();

 private:
  struct claimed {
    std::uint64_t epoch;
    pairs stored;
    std::optional<std::size_t> where;
  };
  claimed take();
  bool relevant(std::uint64_t epoch) const noexcept { return usable_ && epoch == epoch_; }
  void strike_out(pairs& missing, std::size_t server) const;

  tally& counts_;
  const std::vector<std::uint16_t> ports_;
  std::atomic<std::uint64_t> epoch_{0};
  std::atomic<bool> usable_{true};
  std::mutex mutex_;
  std::condition_variable there_are_;
  std::deque<claimed> claims_;
};

}  // namespace soak
