#pragma once

#include <cstdlib>
#include <string_view>

/// What fuzzers hold against what they get.
namespace cmemcache::fuzz {

inline void require(bool truth) {
  if (!truth) std::abort();
}

/// Whether `part` lies in `whole`: what is read is a view of what has arrived.
inline bool inside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace cmemcache::fuzz
