#include "session/backoff.hpp"

#include <algorithm>

namespace cmemcache::session {

void backoff::lost(time_point now) {
  constexpr unsigned doublings = 7;  // 10 ms to over 1 s
  const duration whole = std::min<duration>(first * (1u << std::min(losses_, doublings)), longest);
  ++losses_;
  ready_at_ = now + whole - duration(std::uniform_int_distribution<duration::rep>(0, whole.count() / 2)(random_));
}

}  // namespace cmemcache::session
