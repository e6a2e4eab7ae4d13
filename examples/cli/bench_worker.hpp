#pragma once

#include "cli/bench_keys.hpp"
#include "cli/bench_result.hpp"
#include "cli/settings.hpp"

#include <cmemcache/client.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

namespace cli {

/// How long the benchmark's keys live should nobody delete them, in seconds.
inline constexpr std::int64_t bench_exptime = 3600;

/// One client and the calls that it keeps in flight: each that is answered starts the next. Nothing is allocated for a
/// call here, so that it is the client that is measured. Lives on one executor, which runs one thing at a time; what
/// others may call says so.
class bench_worker {
 public:
  using clock = std::chrono::steady_clock;

  /// When a worker has had enough: too late, too many, or somebody said so.
  struct limit {
    clock::time_point end = clock::time_point::max();
    std::uint64_t calls = std::numeric_limits<std::uint64_t>::max();
    const std::atomic<bool>& stopped;
  };

  bench_worker(boost::asio::any_io_executor where, const settings& s, const bench_plan& plan, const bench_keys& keys);
  bench_worker(const bench_worker&) = delete;
  bench_worker& operator=(const bench_worker&) = delete;
  ~bench_worker();

  /// Makes calls up to the limit, then calls `finished`, once the last of them is answered. From any thread.
  void start(const limit& until, std::function<void()> finished);

  cmemcache::client& client() noexcept { return client_; }
  const cmemcache::client& client() const noexcept { return client_; }

  /// The calls that are over. From any thread.
  std::uint64_t progress() const noexcept { return progress_.load(std::memory_order_relaxed); }

  /// To be read when it has finished.
  const bench_tally& tally() const noexcept { return tally_; }

 private:
  struct lane;

  void next(lane& l, clock::time_point now);
  void get_many(lane& l);
  void stored(lane& l, const cmemcache::error_code& ec, cmemcache::status became);
  void found(lane& l, const cmemcache::error_code& ec, const cmemcache::reply& r);
  void found_many(lane& l, const cmemcache::error_code& ec, const cmemcache::multi_reply& all);
  void count(std::size_t key, cmemcache::status s, std::string_view value, const cmemcache::error_code& ec);
  void over(lane& l, const cmemcache::error_code& ec, histogram& times);
  std::uint64_t random_below(std::uint64_t many) noexcept;

  const bench_plan& plan_;
  const bench_keys& keys_;
  cmemcache::client client_;
  std::vector<lane> lanes_;
  std::size_t running_ = 0;
  clock::time_point end_;
  std::uint64_t left_ = 0;
  const std::atomic<bool>* stopped_ = nullptr;
  std::function<void()> finished_;
  std::uint64_t random_;
  bench_tally tally_;
  std::atomic<std::uint64_t> progress_ = 0;
};

}  // namespace cli
