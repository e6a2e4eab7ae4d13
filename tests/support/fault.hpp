#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cmemcache::test {

/// What a fault_proxy does to what it passes.
struct fault {
  enum class kind {
    pass,             ///< nothing
    delay,            ///< the reply passes `time` late, and those behind it not before it
    stall,            ///< nothing passes either way until the fault is changed; what has piled up passes then
    drip,             ///< one byte at a time, `time` apart
    one_byte,         ///< one byte at a time, without pauses
    close,            ///< the connection is closed (FIN) after half of the reply
    reset,            ///< the same with a reset
    half_close,       ///< the same with only our side shut down: what the client sends still reaches the server
    garbage,          ///< a line of random bytes instead
    wrong_key,        ///< another key in the first VALUE line, another opaque in a meta reply
    huge_length,      ///< the value is said to have a TiB
    negative_length,  ///< or -1 bytes
    missing_end,      ///< END is left out
    extra,            ///< a reply that nobody asked for behind it
    duplicate,        ///< twice
    swallow,          ///< not at all
    swap,             ///< behind the next one; if none comes within 20 ms, as it is
    refuse,           ///< connections are reset, and connecting is refused
    unanswered,       ///< connecting never ends; connections that are open pass
  };

  kind what = kind::pass;
  /// Each n-th reply that the fault can be shown on; with `stall`, each n-th connection.
  unsigned every = 1;
  std::chrono::milliseconds time{0};
};

std::string_view to_string(fault::kind what);

/// By the name of its enumerator.
std::optional<fault::kind> fault_named(std::string_view name);

/// Whether the fault is one that is done to replies, rather than to connections.
bool hits_replies(fault::kind what);

/// Whether the fault sends other bytes in the reply's place.
bool alters(fault::kind what);

/// What is sent in place of a whole `reply`; nothing when the fault cannot be shown on it.
std::optional<std::string> altered(fault::kind what, std::string_view reply);

}  // namespace cmemcache::test
