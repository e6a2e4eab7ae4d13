#pragma once

#include <cstddef>
#include <memory>

namespace cmemcache::test {

/// Counts the bytes that are out, and the allocations, for whoever allocates through a copy of it.
template <class T>
struct counting_allocator {
  using value_type = T;

  explicit counting_allocator(std::ptrdiff_t& out, int& times) noexcept : out(&out), times(&times) {}
  template <class U>
  counting_allocator(const counting_allocator<U>& other) noexcept : out(other.out), times(other.times) {}

  T* allocate(std::size_t n) {
    *out += static_cast<std::ptrdiff_t>(n * sizeof(T));
    ++*times;
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* at, std::size_t n) noexcept {
    *out -= static_cast<std::ptrdiff_t>(n * sizeof(T));
    std::allocator<T>().deallocate(at, n);
  }
  bool operator==(const counting_allocator& other) const noexcept { return out == other.out; }

  std::ptrdiff_t* out;
  int* times;
};

}  // namespace cmemcache::test
