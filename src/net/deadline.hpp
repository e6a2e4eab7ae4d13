#pragma once

#include <algorithm>
#include <chrono>

namespace cmemcache::net {

using steady_clock = std::chrono::steady_clock;
using time_point = steady_clock::time_point;
using milliseconds = std::chrono::milliseconds;

/// No wait is longer, so that a caller who has been told to stop is heard: a signal that comes just before a wait does
/// not end it.
inline constexpr milliseconds longest_wait{100};

/// The end of a call that starts at `start`. A time-out too long for the clock has no end.
inline time_point deadline_after(time_point start, milliseconds timeout) noexcept {
  return timeout > std::chrono::duration_cast<milliseconds>(time_point::max() - start) ? time_point::max()
                                                                                       : start + timeout;
}

/// For poll(): milliseconds until `deadline`, rounded up; 0 when it has passed, -1 when there is none.
inline int poll_timeout(time_point deadline, time_point now) noexcept {
  if (deadline == time_point::max()) return -1;
  if (deadline <= now) return 0;
  constexpr long long longest = 1000LL * 3600 * 24;
  return static_cast<int>(std::min(std::chrono::ceil<milliseconds>(deadline - now).count() + 0LL, longest));
}

}  // namespace cmemcache::net
