#include <cstdint>
#include <string_view>

#include "fuzz/require.hpp"
#include "protocol/binary_codec.hpp"

using namespace cmemcache;
using cmemcache::fuzz::inside;
using cmemcache::fuzz::require;
using kind = protocol::reply_line::kind;

// The first byte chooses the verb, the rest has arrived.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto asked = static_cast<verb>(data[0] % (static_cast<int>(verb::stats) + 1));
  const std::string_view arrived(reinterpret_cast<const char*>(data) + 1, size - 1);
  protocol::reply_line got;
  const std::size_t taken = protocol::binary::read(arrived, asked, got);
  require(taken <= arrived.size());
  // What is incomplete stays so until more comes, and what is behind a reply is not looked at.
  protocol::reply_line again;
  for (std::size_t less = 0; less < taken && less < 64; ++less) {
    const std::size_t then = protocol::binary::read(arrived.substr(0, less), asked, again);
    require(then <= less && (then == 0 || again.what == kind::failure));
  }
  if (taken == 0) return 0;
  require(inside(got.key, arrived));
  require(got.what == kind::failure || got.has_opaque);
  if (got.what == kind::value) require(is_retrieval(asked) && got.status == status::hit && inside(got.key, arrived.substr(0, taken)));
  if (got.what == kind::answer)
    require(got.status != status::unanswered && got.status != status::hit && inside(got.text, arrived.substr(0, taken)));
  if (got.what == kind::stat || got.what == kind::end) require(asked == verb::stats);
  if (got.what == kind::failure) require(got.status == status::unanswered && (got.has_opaque || is_fatal(got.code)));
  return 0;
}
