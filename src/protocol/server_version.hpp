#pragma once

#include <compare>
#include <string_view>

namespace cmemcache::protocol {

/// What a server called itself, and what it therefore speaks. Value type.
/// The gates are those of memcached's release history; an unknown version (0.0.0) speaks the classic commands only.
struct server_version {
  int major = 0;
  int minor = 0;
  int patch = 0;

  auto operator<=>(const server_version&) const = default;

  /// mg, ms, md and ma, with the opaque echoed on EN (since 1.6.10).
  bool has_meta() const noexcept { return *this >= server_version{1, 6, 10}; }
};

/// Reads "1.6.18" and the like; what follows the numbers ("-beta1", "_fips") is left alone. 0.0.0 for anything else.
server_version parse_server_version(std::string_view text) noexcept;

}  // namespace cmemcache::protocol
