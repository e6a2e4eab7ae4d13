#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/command.hpp"
#include "protocol/gather.hpp"
#include "protocol/reply_line.hpp"

/// The binary protocol of memcached's protocol-binary.txt: a header of 24 bytes that says how long the rest is, then the
/// rest. No I/O; keys and values were checked. Deprecated since memcached 1.6.0, and the only one that knows SASL.
/// Every reply carries the opaque of its request, failures included, and a hit its key besides.
namespace cmemcache::protocol::binary {

/// How the replies come. Retrievals, stores and deletes of more than one key are quiet: each sort of failure names its
/// opaque, so that none of them is in doubt.
reply_shape shape_of(const command& what, std::size_t count) noexcept;

/// Writes one request per element, with opaques counting up from `first_opaque`, and for the quiet shape a closing
/// no-op with the opaque behind theirs. A command about the server is one request. `noreply` changes nothing: there is no
/// request that is never answered.
void encode(const command& what, std::span<const element> elements, reply_shape shape, std::uint32_t first_opaque,
            gather& out);

/// Writes a SASL PLAIN authentication (RFC 4616) with `message`, whose reply is read as version's.
void encode_sasl_plain(std::string_view message, std::uint32_t opaque, gather& out);

/// Understands the reply to `asked` at the front of what has arrived. Returns how many bytes it took: of a hit all but the
/// value, whose `size` bytes follow; of anything else the whole. 0: it has not all arrived.
std::size_t read(std::string_view arrived, verb asked, reply_line& out) noexcept;

}  // namespace cmemcache::protocol::binary
