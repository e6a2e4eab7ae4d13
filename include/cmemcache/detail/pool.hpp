#pragma once

#include <cstddef>

namespace cmemcache::detail {

/// Memory for what is made and freed once per call. Each thread keeps some of what it frees, by size: a thousand calls
/// under way are more than what malloc keeps at hand. Throws std::bad_alloc.
void* pool_allocate(std::size_t size);
void pool_free(void* memory, std::size_t size) noexcept;

/// The same for handlers that do not care.
template <class T>
struct pool_allocator {
  using value_type = T;

  pool_allocator() = default;
  template <class U>
  pool_allocator(const pool_allocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) { return static_cast<T*>(pool_allocate(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { pool_free(memory, count * sizeof(T)); }

  template <class U>
  bool operator==(const pool_allocator<U>&) const noexcept {
    return true;
  }
};

template <>
struct pool_allocator<void> {
  using value_type = void;
  template <class U>
  struct rebind {
    using other = pool_allocator<U>;
  };
};

}  // namespace cmemcache::detail
