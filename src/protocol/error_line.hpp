#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

#include <cmemcache/error.hpp>
#include <cmemcache/request.hpp>

namespace cmemcache::protocol {

/// What a line that is no answer to `asked` means. Which error keeps the stream in step is decided here, and
/// is_fatal() reads it off the code: memcached answers some errors once and goes on behind them, while after others
/// it takes a value's bytes for commands. Only what is known to be of the first sort is not fatal.
///
///     SERVER_ERROR object too large for cache      value_too_large   the body was swallowed
///     SERVER_ERROR out of memory ...               server_error      likewise
///     SERVER_ERROR ..., to a verb without a body   server_error      there is nothing to lose step with
///     SERVER_ERROR ..., to a store                 protocol_error    the body may have been read as commands
///     CLIENT_ERROR cannot increment ...            not_a_number
///     CLIENT_ERROR flush_all not allowed           unsupported
///     CLIENT_ERROR unauthenticated                 authentication_failed     fatal
///     CLIENT_ERROR authentication failure          likewise
///     CLIENT_ERROR ..., ERROR ...                  client_error      fatal
///     anything else                                protocol_error    fatal
errc classify_error_line(std::string_view line, verb asked) noexcept;

/// An exptime that memcached reads as it was meant: from 2**31 on it would take the item and lose it.
inline std::int64_t wire_exptime(std::int64_t seconds) noexcept {
  return std::clamp<std::int64_t>(seconds, -1, std::numeric_limits<std::int32_t>::max());
}

}  // namespace cmemcache::protocol
