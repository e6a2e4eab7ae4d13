#include "support/reply_cutter.hpp"

#include <algorithm>
#include <charconv>

namespace cmemcache::test {

namespace {

constexpr std::size_t longest_line = 2048;

/// The n-th word as the number of bytes a value has with its CRLF; 0 if it is none.
std::size_t value_size(std::string_view line, int n) {
  for (; n > 0; --n) line.remove_prefix(std::min(line.find(' '), line.size() - 1) + 1);
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size);
  return error == std::errc() && size < (1ull << 40) ? size + 2 : 0;
}

}  // namespace

std::size_t reply_cutter::take(std::string_view bytes) {
  if (bytes.empty()) return 0;
  between_ = false;
  std::size_t at = 0;
  while (at < bytes.size() && !between_) {
    if (value_ > 0) {
      const std::size_t some = std::min(value_, bytes.size() - at);
      at += some;
      value_ -= some;
      between_ = value_ == 0 && !listing_;
      continue;
    }
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    if (end == bytes.size() || !line_.empty())
      line_.append(bytes.substr(at, std::min(end - at, longest_line - std::min(line_.size(), longest_line))));
    if (end == bytes.size()) return end;
    between_ = ends_reply(line_.empty() ? bytes.substr(at, end - at) : line_);
    line_.clear();
    at = end + 1;
  }
  return at;
}

bool reply_cutter::ends_reply(std::string_view line) {
  const bool value = line.starts_with("VALUE ");
  if (value) value_ = value_size(line, 3);
  else if (line.starts_with("VA ")) value_ = value_size(line, 1);
  listing_ = (value && value_ > 0) || line.starts_with("STAT ") || line.starts_with("ITEM ");
  return !listing_ && value_ == 0;
}

}  // namespace cmemcache::test
