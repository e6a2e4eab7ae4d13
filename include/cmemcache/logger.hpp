#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace cmemcache {

/// How much a line matters.
enum class log_level : std::uint8_t {
  debug,     ///< connections made and lost
  info,      ///< a call that failed; a server that is back; a name that has moved
  warning,   ///< a server marked dead; bytes that are not the protocol
};

/// Whom a client tells what happens between it and its servers: a level and a function. Without a function nothing is
/// even put into words.
///
/// `write` gets one line without a line end, which begins with the server as it was given to the client and holds no key's
/// value. It is called on whichever thread it happens on, several at once, and no call goes on before it returns: it may use
/// the client's counters(), and should make no calls. What it throws is dropped.
///
///     options.log = {cmemcache::log_level::info, [](cmemcache::log_level, std::string_view line) { std::clog << line << '\n'; }};
struct logger {
  log_level level = log_level::info;   ///< and above
  std::function<void(log_level, std::string_view)> write = {};

  bool wants(log_level l) const noexcept { return l >= level && write != nullptr; }
};

}  // namespace cmemcache
