#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace cmemcache::session {

/// When a server is left alone. A pure policy: it is told what happened and when, and reads no clock.
///
///     alive ──(marked: connecting failed, a deadline passed)──▶ dead until now + dead_retry
///       ▲                                                          │ time is up: one caller probes,
///       └──────────(proven: it answered)◀──────────────────────────┘ the others go on without it
///
/// A connection that was merely found closed marks nothing. Thread safety: all members.
class link_policy {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  explicit link_policy(duration dead_retry) noexcept : dead_retry_(dead_retry) {}

  bool alive() const noexcept { return dead_until_.load(std::memory_order_relaxed) == 0; }

  /// May a caller try the server at `now`? Of a dead one whose time is up, only the first to ask may.
  bool usable(time_point now) noexcept { return alive() || claim_probe(now); }

  /// The server did not connect, or let a deadline pass. True when it was alive until now.
  bool mark_dead(time_point now) noexcept;

  /// The server answered. True when it had been dead.
  bool prove_alive() noexcept {
    return !alive() && dead_until_.exchange(0, std::memory_order_relaxed) != 0;
  }

 private:
  bool claim_probe(time_point now) noexcept;
  std::int64_t ticks_after(time_point now) const noexcept;

  const duration dead_retry_;
  std::atomic<std::int64_t> dead_until_{0};  // steady clock's ticks; 0: alive
};

}  // namespace cmemcache::session
