#pragma once

#include <cstdint>
#include <string_view>

#include <cmemcache/reply.hpp>
#include <cmemcache/request.hpp>

namespace cmemcache::protocol {

/// One key of a command, with what is stored under it.
struct element {
  std::string_view key;            ///< without the command's prefix
  std::string_view value = {};     ///< storage verbs
  std::uint32_t flags = 0;         ///< storage verbs
  std::uint32_t slot = 0;          ///< where whoever waits files the answer
  std::uint64_t number = 0;        ///< incr, decr: delta; cas: the unique
  bool answered = false;           ///< the session's mark: each element is answered once
};

/// What a command says besides its elements. Value type; views belong to whoever waits for the reply.
struct command {
  verb op = verb::get;
  bool noreply = false;
  std::int64_t exptime = 0;        ///< seconds, as memcached reads them
  std::uint64_t delay = 0;         ///< flush_all: seconds
  std::string_view prefix = {};    ///< put before every key on the wire
  std::string_view argument = {};  ///< stats: which
  bool config = false;             ///< get, in the classic protocol: `config get`, which is ElastiCache's own
};

/// Verbs whose reply `noreply` leaves out. The others are answered whatever is said.
constexpr bool takes_noreply(verb v) noexcept { return verb::set <= v && v <= verb::flush_all; }

/// What silence means: of an element that a quiet command's MN or a `get` line's END passed over, or of a noreply.
constexpr status silent_status(verb asked) noexcept {
  if (is_retrieval(asked)) return status::miss;
  if (is_storage(asked)) return status::stored;
  if (asked == verb::touch) return status::touched;
  return asked == verb::delete_ ? status::deleted : status::ok;
}

/// How a command's replies are told apart.
enum class reply_shape : std::uint8_t {
  in_order,   ///< one reply per element, in their order
  line,       ///< VALUE blocks for the hits, then END for all
  quiet,      ///< replies only where something is to be said, named by opaque, then MN (or a no-op's)
  list,       ///< STAT lines, then END
  none,       ///< noreply
};

/// Which grammar a command and its replies are in.
enum class dialect : std::uint8_t { text, meta, binary };

}  // namespace cmemcache::protocol
