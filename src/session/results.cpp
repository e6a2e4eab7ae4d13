#include "session/results.hpp"

#include <algorithm>
#include <new>

namespace cmemcache::session {

namespace {
constexpr std::size_t first_block = 16 * 1024;
constexpr std::size_t largest_block = 1024 * 1024;
}  // namespace

char* arena::allocate_block(std::size_t size) noexcept {
  const std::size_t shared = std::clamp(block_size_ * 2, first_block, largest_block);
  const bool alone = size > shared / 4;
  try {
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(alone ? size : shared));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  char* const block = blocks_.back().get();
  if (!alone) {
    block_size_ = shared;
    next_ = block + size;
    left_ = shared - size;
  }
  return block;
}

char* results::place(std::uint32_t, std::size_t size) noexcept { return arena_.allocate(size); }

void results::refused(std::uint32_t slot, error_code why, std::string_view words) noexcept {
  try {
    refusals_.push_back({.slot = slot, .why = why, .words = std::string(words)});
  } catch (const std::bad_alloc&) {
    // The element stays unanswered; only the reason is lost.
  }
}

}  // namespace cmemcache::session
