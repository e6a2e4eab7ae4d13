#include "support/allocations.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace cmemcache::test::allocations {

namespace {

thread_local long* granted = nullptr;

bool refused() noexcept { return granted != nullptr && (*granted)-- == 0; }

std::atomic<std::size_t> bytes{0}, large_size{SIZE_MAX};
std::atomic<long> large{0}, most_large{0};

void* given(void* memory) noexcept {
  const std::size_t size = memory != nullptr ? ::malloc_usable_size(memory) : 0;
  bytes.fetch_add(size, std::memory_order_relaxed);
  if (size >= large_size) {
    const long now = ++large;
    for (long most = most_large; now > most && !most_large.compare_exchange_weak(most, now);) {
    }
  }
  return memory;
}

void given_back(void* memory) noexcept {
  const std::size_t size = memory != nullptr ? ::malloc_usable_size(memory) : 0;
  bytes.fetch_sub(size, std::memory_order_relaxed);
  if (size >= large_size) --large;
  std::free(memory);
}

}  // namespace

std::size_t alive() noexcept { return bytes; }

large_blocks::large_blocks(std::size_t size) noexcept {
  large = most_large = 0;
  large_size = size;
}

large_blocks::~large_blocks() { large_size = SIZE_MAX; }

long large_blocks::most_at_once() const noexcept { return most_large; }

counted::counted(long& left) { granted = &left; }

counted::~counted() { granted = nullptr; }

}  // namespace cmemcache::test::allocations

// Every form, since a sanitizer's own do not call one another. The aligned ones are left alone: they pair with their kin.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  namespace here = cmemcache::test::allocations;
  return here::refused() ? nullptr : here::given(std::malloc(size != 0 ? size : 1));
}

void* operator new(std::size_t size) {
  void* const memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return operator new(size, std::nothrow); }

void operator delete(void* memory) noexcept { cmemcache::test::allocations::given_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { operator delete(memory); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { operator delete(memory); }
