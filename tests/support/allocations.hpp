#pragma once

#include <cstddef>

/// The test program's operator new, which can be told to have no memory for one request of one thread.
namespace cmemcache::test::allocations {

/// Counts this thread's requests while it lives, and refuses one of them. Only one counts at a time; those made while
/// none lives are neither counted nor refused.
class counted {
 public:
  /// `left`: how many requests are granted before the one that is refused; it goes down with each, and stays below 0 from
  /// the refusal on. Must outlive this.
  explicit counted(long& left);
  ~counted();
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
};

}  // namespace cmemcache::test::allocations
