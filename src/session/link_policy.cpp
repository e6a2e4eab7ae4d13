#include "session/link_policy.hpp"

#include <algorithm>

namespace cmemcache::session {

std::int64_t link_policy::ticks_after(time_point now) const noexcept {
  const std::int64_t ticks = now.time_since_epoch().count();
  const std::int64_t wait = std::min<std::int64_t>(dead_retry_.count(), INT64_MAX - ticks);
  return std::max<std::int64_t>(ticks + wait, 1);  // never the mark of the living
}

bool link_policy::mark_dead(time_point now) noexcept {
  return dead_until_.exchange(ticks_after(now), std::memory_order_relaxed) == 0;
}

bool link_policy::claim_probe(time_point now) noexcept {
  std::int64_t until = dead_until_.load(std::memory_order_relaxed);
  if (until == 0) return true;
  if (now.time_since_epoch().count() < until) return false;
  // Whoever moves the mark has the probe; should it come to nothing, the next one is due after another dead_retry.
  return dead_until_.compare_exchange_strong(until, ticks_after(now), std::memory_order_relaxed);
}

}  // namespace cmemcache::session
