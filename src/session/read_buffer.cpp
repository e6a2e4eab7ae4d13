#include "session/read_buffer.hpp"

#include <cstring>

namespace cmemcache::session {

std::span<char> read_buffer::room() noexcept {
  if (begin_ == end_) {
    clear();
  } else if (capacity - end_ < capacity / 4) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    scanned_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  return {bytes_.get() + end_, capacity - end_};
}

read_buffer::line_result read_buffer::take_line(std::string_view& line) noexcept {
  const char* const from = bytes_.get() + scanned_;
  const auto* const feed = static_cast<const char*>(std::memchr(from, '\n', end_ - scanned_));
  if (feed == nullptr) {
    scanned_ = end_;
    return end_ - begin_ == capacity ? line_result::malformed : line_result::incomplete;
  }
  const char* const start = bytes_.get() + begin_;
  if (feed == start || feed[-1] != '\r') return line_result::malformed;
  line = {start, static_cast<std::size_t>(feed - 1 - start)};
  begin_ = scanned_ = static_cast<std::size_t>(feed + 1 - bytes_.get());
  return line_result::found;
}

}  // namespace cmemcache::session
