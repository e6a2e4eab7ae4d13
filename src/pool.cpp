#include <cmemcache/detail/pool.hpp>

#include <array>
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
constexpr std::size_t sizes = 24;          // up to 1.5 KiB
constexpr std::size_t most_kept = 1536 * 1024;  // bytes, per thread

struct block {
  block* next;
};

// The blocks that one thread keeps.
struct store {
  std::array<block*, sizes> shelves{};
  std::size_t bytes = 0;

  ~store() {
    for (block* first : shelves)
      while (first != nullptr) ::operator delete(std::exchange(first, first->next));
    gone = true;
  }

  // Destructors of other thread-locals may still free.
  static inline thread_local bool gone = false;
};

thread_local store kept;

std::size_t shelf_of(std::size_t size) noexcept { return (size + step - 1) / step; }

bool is_pooled(std::size_t size) noexcept { return keeps && size != 0 && shelf_of(size) <= sizes && !store::gone; }

}  // namespace

void* pool_allocate(std::size_t size) {
  if (!is_pooled(size)) return ::operator new(size);
  block*& first = kept.shelves[shelf_of(size) - 1];
  if (first == nullptr) return ::operator new(shelf_of(size) * step);
  kept.bytes -= shelf_of(size) * step;
  return std::exchange(first, first->next);
}

void pool_free(void* memory, std::size_t size) noexcept {
  if (!is_pooled(size) || kept.bytes >= most_kept) return ::operator delete(memory);
  block*& first = kept.shelves[shelf_of(size) - 1];
  first = new (memory) block{first};
  kept.bytes += shelf_of(size) * step;
}

}  // namespace cmemcache::detail
