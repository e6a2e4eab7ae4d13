#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.hpp"
#include "protocol/key.hpp"
#include "protocol/text_codec.hpp"

using namespace cmemcache;
using cmemcache::fuzz::inside;
using cmemcache::fuzz::require;
using kind = protocol::reply_line::kind;

// The first byte chooses the verb, the rest is the line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto asked = static_cast<verb>(data[0] % (static_cast<int>(verb::stats) + 1));
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  const protocol::reply_line got = protocol::text::parse(line, asked);

  require(inside(got.key, line) && inside(got.text, line));
  require(!got.has_opaque && got.what != kind::fence);
  const bool is_config = asked == verb::get && line.starts_with("CONFIG ");  // in answer to `config get`
  if (got.what == kind::value)
    require(is_retrieval(asked) && got.status == status::hit && !got.key.empty() && got.key.find(' ') == got.key.npos &&
            line.substr(is_config ? 7 : 6).starts_with(got.key));
  // A line that is read as it arrives is the line that is understood when it is whole.
  const std::string arrived = std::string(line) + "\r\n";
  protocol::text::value_line value;
  const std::string_view key = line.size() > 6 ? line.substr(6, line.find(' ', 6) - 6) : std::string_view();
  if (is_retrieval(asked) && !is_config && protocol::is_good_key(key, 0)) {  // others are never asked for
    const std::size_t length = protocol::text::read_value(arrived, asked, {}, key, value);
    require(length == 0 || line.substr(0, length - 2).find("\r\n") == line.npos);
    if (got.what == kind::value)
      require(length == arrived.size() && value.flags == got.flags && value.size == got.size && value.cas == got.cas);
    else require(length < arrived.size());
  }
  if (got.what == kind::end) require(line == "END" && (is_retrieval(asked) || asked == verb::stats));
  if (got.what == kind::stat) require(asked == verb::stats && !got.key.empty());
  if (got.what == kind::answer)
    require(got.status != status::unanswered && got.status != status::hit && got.status != status::miss);
  if (got.what == kind::failure) require(got.text == line && got.status == status::unanswered);
  // Nothing that may have moved the stream is taken lightly.
  if (got.what == kind::failure && !is_fatal(got.code)) require(line.find("_ERROR") == 6);
  return 0;
}
