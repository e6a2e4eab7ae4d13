#pragma once

#include <cstdint>
#include <string_view>

namespace cmemcache {

/// The verbs of memcached, by the protocol's own names.
enum class verb : std::uint8_t {
  get,        ///< the value
  gets,       ///< the value and its cas unique
  gat,        ///< the value, and a new exptime
  gats,       ///< the value and its cas unique, and a new exptime
  set,        ///< store, whatever is there
  add,        ///< store where nothing is
  replace,    ///< store where something is
  append,     ///< put behind what is there; flags and exptime stay
  prepend,    ///< put before what is there; flags and exptime stay
  cas,        ///< store where the cas unique still is `number`
  incr,       ///< add `number`, wraps at 2**64
  decr,       ///< subtract `number`, stops at 0
  touch,      ///< a new exptime
  delete_,    ///< remove
  flush_all,  ///< everything expires in `number` seconds
  version,    ///< the server's version text
  stats,      ///< name and value pairs; `key` is the sort of statistics, or empty
};

/// Verbs that bring values back.
constexpr bool is_retrieval(verb v) noexcept { return v <= verb::gats; }

/// Verbs that carry a value to the server.
constexpr bool is_storage(verb v) noexcept { return verb::set <= v && v <= verb::cas; }

/// Verbs about one key. The others are about a server.
constexpr bool has_key(verb v) noexcept { return v <= verb::delete_; }

/// Verbs that may be sent a second time when nobody knows whether the first was carried out.
constexpr bool is_repeatable(verb v) noexcept { return is_retrieval(v) || v == verb::touch || v >= verb::version; }

/// The verb's name on the wire of the classic protocol.
std::string_view to_string(verb v) noexcept;

/// One request. Views must stay valid until the call returns (blocking) or completes (asynchronous).
struct request {
  verb op = verb::get;
  std::string_view key = {};
  std::string_view value = {};   ///< storage verbs
  std::uint32_t flags = 0;       ///< storage verbs: 32 bits that memcached keeps for the client
  std::int64_t exptime = 0;      ///< seconds: 0 never, negative at once, up to 30 days relative, above it Unix time
  std::uint64_t number = 0;      ///< incr and decr: delta; cas: the unique; flush_all: delay in seconds
  bool noreply = false;          ///< the server does not answer, and nobody learns what became of it
};

}  // namespace cmemcache
