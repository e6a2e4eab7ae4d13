#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cmemcache/error.hpp>
#include <cmemcache/reply.hpp>

#include "session/pending_request.hpp"

namespace cmemcache::session {

/// Memory that only grows, for the values of one call: small ones share blocks, a large one has a block of its own.
class arena {
 public:
  arena() = default;
  /// Starts in `first`, which must outlive the arena: a single small value then costs no allocation.
  explicit arena(std::span<char> first) noexcept : next_(first.data()), left_(first.size()) {}

  /// Null when there is no memory.
  char* allocate(std::size_t size) noexcept {
    if (size > left_ || next_ == nullptr) return allocate_block(size);
    char* const at = next_;
    next_ += size;
    left_ -= size;
    return at;
  }

  /// The blocks allocated so far become the caller's.
  std::vector<std::unique_ptr<char[]>> release() noexcept { return std::move(blocks_); }

 private:
  char* allocate_block(std::size_t size) noexcept;

  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t block_size_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
};

/// The answers to one call, one item per slot, and the refusals. Owned by the caller; values live in its arena.
class results : public reply_sink {
 public:
  struct refusal {
    std::uint32_t slot;
    error_code why;
    std::string words;         ///< the server's; empty when it was never asked
    std::string server = {};   ///< whose words they are
  };

  /// `items`: one per slot, all `unanswered`; `first`: see arena.
  explicit results(std::span<item> items, std::span<char> first = {}) noexcept : items_(items), arena_(first) {}
  virtual ~results() = default;

  char* place(std::uint32_t slot, std::size_t size) noexcept override;
  void filed(std::uint32_t slot, const item& answer) noexcept override { items_[slot] = answer; }
  void refused(std::uint32_t slot, error_code why, std::string_view words) noexcept override;
  void stat(std::string_view, std::string_view) override {}

  /// The items are elsewhere. Before any answer.
  void answer_in(std::span<item> items) noexcept { items_ = items; }

  std::span<item> items() const noexcept { return items_; }
  const std::vector<refusal>& refusals() const noexcept { return refusals_; }
  std::vector<refusal>& refusals() noexcept { return refusals_; }
  arena& memory() noexcept { return arena_; }

 private:
  std::span<item> items_;
  arena arena_;
  std::vector<refusal> refusals_;
};

}  // namespace cmemcache::session
