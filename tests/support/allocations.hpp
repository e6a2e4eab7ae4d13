#pragma once

#include <cstddef>

/// The test program's operator new, which can be told to have no memory for one request of one thread, and knows what it has
/// given out.
namespace cmemcache::test::allocations {

/// Bytes that were given out and not given back, to whatever thread, as malloc rounds them up.
std::size_t alive() noexcept;

/// Counts blocks of `size` bytes and more, those that whatever thread takes while it lives. Only one counts at a time.
class large_blocks {
 public:
  explicit large_blocks(std::size_t size) noexcept;
  ~large_blocks();
  large_blocks(const large_blocks&) = delete;
  large_blocks& operator=(const large_blocks&) = delete;

  /// How many there were when there were most.
  long most_at_once() const noexcept;
};

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
