#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/command.hpp"
#include "protocol/gather.hpp"
#include "protocol/reply_line.hpp"

/// The meta commands of memcached's protocol.txt: mg, ms, md, ma, mn. No I/O; keys and values were checked.
/// Every command carries an opaque, which the server echoes: the reply says whose it is.
namespace cmemcache::protocol::meta {

/// Whether the meta commands can say `what`: all verbs about keys, unless `noreply`.
bool can_say(const command& what) noexcept;

/// How the replies come: in order for one element; quiet for more, where the verb nearly always succeeds and may be
/// sent again when a failure did not say whose it was. add, append, cas and the like may not.
reply_shape shape_of(const command& what, std::size_t count) noexcept;

/// Writes one meta command per element, with opaques counting up from `first_opaque`, and for the quiet shape the
/// closing mn.
void encode(const command& what, std::span<const element> elements, reply_shape shape, std::uint32_t first_opaque,
            gather& out);

/// Understands a reply's first line (without its CR LF) to a command of verb `asked`.
/// To incr and decr the number is in the `size` bytes that follow (kind value).
reply_line parse(std::string_view line, verb asked) noexcept;

}  // namespace cmemcache::protocol::meta
