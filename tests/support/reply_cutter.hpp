#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cmemcache::test {

/// Finds where replies end in what a memcached sends: the values and statistics up to their END are one reply, a meta
/// value is one, and every other line is. Knows nothing of what was asked, and takes any bytes.
class reply_cutter {
 public:
  /// How many of `bytes` belong to the reply under way: up to its end, or all of them.
  std::size_t take(std::string_view bytes);

  /// Whether the bytes taken so far end with a reply.
  bool between_replies() const noexcept { return between_; }

 private:
  bool ends_reply(std::string_view line);

  std::string line_;       // what has come of it, as far as that matters
  std::size_t value_ = 0;  // bytes of a value that are still to come, with its CRLF
  bool listing_ = false;   // up to END
  bool between_ = true;
};

}  // namespace cmemcache::test
