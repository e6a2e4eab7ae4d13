#pragma once

#include <span>
#include <string_view>

#include "protocol/command.hpp"
#include "protocol/gather.hpp"
#include "protocol/reply_line.hpp"

/// The classic commands of memcached's protocol.txt: get, set, incr, ... No I/O; keys and values were checked.
namespace cmemcache::protocol::text {

/// How the replies to `what` about `count` elements come.
reply_shape shape_of(const command& what) noexcept;

/// Writes the command: one line for the get family, one command per element for the others.
void encode(const command& what, std::span<const element> elements, gather& out);

/// Understands a reply's first line (without its CR LF) to a command of verb `asked`. A line that this verb never
/// gets is a failure with errc::protocol_error; `text` is then the line.
reply_line parse(std::string_view line, verb asked) noexcept;

}  // namespace cmemcache::protocol::text
