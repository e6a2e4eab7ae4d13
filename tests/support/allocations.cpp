#include "support/allocations.hpp"

#include <cstdlib>
#include <new>

namespace cmemcache::test::allocations {

namespace {

thread_local long* granted = nullptr;

bool refused() noexcept { return granted != nullptr && (*granted)-- == 0; }

}  // namespace

counted::counted(long& left) { granted = &left; }

counted::~counted() { granted = nullptr; }

}  // namespace cmemcache::test::allocations

// Every form, since a sanitizer's own do not call one another. The aligned ones are left alone: they pair with their kin.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return cmemcache::test::allocations::refused() ? nullptr : std::malloc(size != 0 ? size : 1);
}

void* operator new(std::size_t size) {
  void* const memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return operator new(size, std::nothrow); }

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
