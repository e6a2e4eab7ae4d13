#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace cmemcache::session {

/// What has arrived on one connection and was not understood yet.
///
///     | understood | waiting: no line end seen | waiting: not looked at | room |
///     0          begin_                     scanned_                  end_  capacity
///
/// A line end is searched for once per byte: the search goes on from `scanned_`. One allocation, of a fixed size,
/// for the life of the connection; a line that does not fit into it is too long. Owned by one session.
class read_buffer {
 public:
  static constexpr std::size_t capacity = 16 * 1024;

  enum class line_result { found, incomplete, malformed };

  read_buffer() : bytes_(std::make_unique_for_overwrite<char[]>(capacity)) {}

  /// Where the next bytes go; at least one byte. Moves what waits to the front when little room is left.
  std::span<char> room() noexcept;

  /// `size` bytes were put into room().
  void filled(std::size_t size) noexcept { end_ += size; }

  std::string_view waiting() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }

  /// Takes the next line off the front, without its CR LF. It stays valid until room() is called.
  /// Malformed: a line feed without its carriage return, or a full buffer without a line end.
  line_result take_line(std::string_view& line) noexcept;

  /// Takes `size` bytes off the front.
  void consume(std::size_t size) noexcept {
    begin_ += size;
    scanned_ = std::max(scanned_, begin_);
  }

  void clear() noexcept { begin_ = scanned_ = end_ = 0; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t scanned_ = 0;
  std::size_t end_ = 0;
};

}  // namespace cmemcache::session
