#pragma once

#include <span>
#include <string_view>

#include "protocol/command.hpp"
#include "protocol/digits.hpp"
#include "protocol/gather.hpp"
#include "protocol/reply_line.hpp"

/// The classic commands of memcached's protocol.txt: get, set, incr, ... No I/O; keys and values were checked.
namespace cmemcache::protocol::text {

/// How the replies to `what` about `count` elements come.
reply_shape shape_of(const command& what) noexcept;

/// Writes the command: one line for the get family, one command per element for the others.
void encode(const command& what, std::span<const element> elements, gather& out);

/// What a VALUE line says behind the key.
struct value_line {
  std::uint32_t flags = 0;
  std::size_t size = 0;
  std::uint64_t cas = 0;
};

/// Reads a VALUE line, CR LF included, at the front of what has arrived for a retrieval, `asked`, if it is about
/// `prefix` and `key`: as most are that arrive, and then no end of a word or a line has to be looked for. Returns its length; 0
/// when there is no such line, or not the whole of it. Then parse() it.
std::size_t read_value(std::string_view arrived, verb asked, std::string_view prefix, std::string_view key,
                       value_line& out) noexcept;

/// Whether the line that ends the answer to a retrieval is the next that has arrived.
inline bool is_end(std::string_view arrived) noexcept { return take(arrived, "END\r\n"); }
inline constexpr std::size_t end_size = 5;  ///< bytes of that line

/// Understands a reply's first line (without its CR LF) to a command of verb `asked`. A line that this verb never
/// gets is a failure with errc::protocol_error; `text` is then the line.
reply_line parse(std::string_view line, verb asked) noexcept;

}  // namespace cmemcache::protocol::text
