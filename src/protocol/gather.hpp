#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace cmemcache::protocol {

/// Bytes on their way out. Small things are copied together; values from `reference_threshold` up stay where they
/// lie and are gathered by the write:
///
///     text_:   "ms a 100 ...|...\r\nms big 50000\r\n|\r\nmn\r\n"
///                                                  ^ at
///     references_: { at, the big value }
///
/// Owned by one session. Referenced bytes belong to whoever waits for the request, until they are adopted.
class gather {
 public:
  struct piece {
    const char* data;
    std::size_t size;
  };

  /// Bytes: below it a copy is cheaper than another piece of a gather-write.
  static constexpr std::size_t reference_threshold = 4096;

  /// Room for `size` bytes to be filled in now; `commit` says how many were. Pieces given out before may move.
  char* room(std::size_t size) {
    if (capacity_ - filled_ < size) grow(size);
    return text_.get() + filled_;
  }
  void commit(std::size_t size) noexcept { filled_ += size; }

  /// Copies, or refers to what is large.
  void append_value(std::string_view value) {
    if (value.size() >= reference_threshold) return refer_to(value);
    if (!value.empty()) std::memcpy(room(value.size()), value.data(), value.size());
    commit(value.size());
  }

  /// A value as it follows a store's line: its bytes, and CR LF.
  void append_block(std::string_view value) {
    if (value.size() < reference_threshold) room(value.size() + 2);
    append_value(value);
    std::memcpy(room(2), "\r\n", 2);
    commit(2);
  }

  bool empty() const noexcept { return filled_ == taken_ && next_reference_ == references_.size(); }

  /// What lies in `value` and is still to be written is copied: its owner leaves.
  void adopt(std::string_view value);

  /// Bytes of memory held, referenced values aside.
  std::size_t capacity() const noexcept { return capacity_; }

  /// Bytes not yet taken.
  std::size_t size() const noexcept { return size_of_references_ + filled_ - taken_; }

  /// Fills `pieces` with what comes next; returns how many were filled.
  std::size_t pieces(std::span<piece> pieces) const noexcept;

  /// `size` bytes were written.
  void consume(std::size_t size) noexcept {
    if (!references_.empty() || size != filled_ - taken_) return consume_pieces(size);
    filled_ = taken_ = 0;
  }

  void clear() noexcept;

  /// Nothing is to be written for a while: gives back the memory of a burst. An idle connection holds 14 KiB of it at most.
  void trim() noexcept {
    constexpr std::size_t kept_capacity = 14 * 1024;
    if (!empty() || capacity_ <= kept_capacity) return;
    text_.reset();
    capacity_ = 0;
  }

 private:
  struct reference {
    std::size_t at;          // goes out before text_[at]
    std::string_view bytes;  // what is left of it
  };

  void grow(std::size_t size);
  void consume_pieces(std::size_t size) noexcept;
  void refer_to(std::string_view value);

  std::unique_ptr<char[]> text_;
  std::size_t capacity_ = 0;
  std::size_t filled_ = 0;
  std::size_t taken_ = 0;
  std::vector<reference> references_;
  std::size_t next_reference_ = 0;
  std::size_t size_of_references_ = 0;
  std::vector<std::unique_ptr<char[]>> adopted_;
};

}  // namespace cmemcache::protocol
