#include <cstdint>
#include <string_view>

#include "fuzz/require.hpp"
#include "protocol/meta_codec.hpp"

using namespace cmemcache;
using cmemcache::fuzz::require;
using kind = protocol::reply_line::kind;

// The first byte chooses the verb, the rest is the line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto asked = static_cast<verb>(data[0] % (static_cast<int>(verb::delete_) + 1));
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  const protocol::reply_line got = protocol::meta::parse(line, asked);
  const std::string_view code = line.substr(0, 2);

  require(got.what != kind::end && got.what != kind::stat);
  if (got.what == kind::value) {
    const bool arithmetic = asked == verb::incr || asked == verb::decr;
    require(code == "VA" &&
            (is_retrieval(asked) ? got.status == status::hit : arithmetic && got.status == status::number));
  }
  if (got.what == kind::answer) {
    require(code == "HD" || code == "EN" || code == "NS" || code == "EX" || code == "NF");
    require(got.status != status::unanswered && got.status != status::hit);
  }
  if (got.what == kind::fence) require(line == "MN");
  if (got.has_opaque) require(line.find(" O") != line.npos);
  if (got.what == kind::failure) require(got.text == line && !got.has_opaque && got.status == status::unanswered);
  if (got.what == kind::failure && !is_fatal(got.code)) require(line.find("_ERROR") == 6);
  return 0;
}
