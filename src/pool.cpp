#include <cmemcache/detail/pool.hpp>

#include <array>
#include <cstddef>
#include <new>
#include <utility>

namespace cmemcache::detail {

namespace {

// Sanitizers are to see every block come and go.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool keeps = false;
#else
constexpr bool keeps = true;
#endif

constexpr std::size_t step = 64;           // bytes between one size and the next
constexpr std::size_t sizes = 32;          // up to 2 KiB
constexpr std::ptrdiff_t most_kept = 2048 * 1024;  // bytes, per thread

struct block {
  block* next;
};

// The blocks that one thread keeps. It has neither constructor nor destructor, so that looking at it is one instruction.
struct store {
  std::array<block*, sizes + 1> shelves;
  std::ptrdiff_t room;  // bytes that may still be kept: none before the thread has begun to keep, and when it ends
  bool begun;
};

constinit thread_local store kept{};

// Other thread-locals' destructors may still free after this: they find no room.
struct ending {
  ~ending() {
    for (block*& first : kept.shelves)
      while (first != nullptr) ::operator delete(std::exchange(first, first->next));
    kept.room = 0;
  }
};

std::size_t shelf_of(std::size_t size) noexcept { return (size + step - 1) / step; }

bool begin() noexcept {
  if (!keeps || std::exchange(kept.begun, true)) return false;
  thread_local ending at_the_end;
  kept.room = most_kept;
  return static_cast<void>(at_the_end), true;
}

}  // namespace

void* pool_allocate(std::size_t size) {
  const std::size_t shelf = shelf_of(size);
  if (shelf > sizes) return ::operator new(size);
  block*& first = kept.shelves[shelf];
  if (first == nullptr) return ::operator new(shelf * step);
  kept.room += static_cast<std::ptrdiff_t>(shelf * step);
  return std::exchange(first, first->next);
}

void pool_free(void* memory, std::size_t size) noexcept {
  const std::size_t shelf = shelf_of(size);
  if (shelf > sizes) return ::operator delete(memory);
  const auto bytes = static_cast<std::ptrdiff_t>(shelf * step);
  if (kept.room < bytes && !begin()) return ::operator delete(memory);
  block*& first = kept.shelves[shelf];
  first = new (memory) block{first};
  kept.room -= bytes;
}

}  // namespace cmemcache::detail
