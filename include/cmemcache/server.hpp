#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <cmemcache/error.hpp>

namespace cmemcache {

/// One memcached server: where it is, and its share of the keys.
///
/// The forms understood, as python-memcached's and a few more that people write:
/// `host`, `host:port`, `inet:host:port`, `inet6:[addr]:port`, `[addr]:port`, `unix:/path`, `/path`.
/// The port is 11211 where none is given. Behind a port or a path may stand a blank and an alias: `host:port alias`.
struct server {
  enum class transport : std::uint8_t { tcp, tcp4, tcp6, unix_socket };

  std::string text;                       ///< as it was given: the server's name in errors, counters and statistics
  transport kind = transport::tcp;        ///< tcp: any family; tcp4 for `inet:`, tcp6 for `inet6:` and `[addr]`
  std::string host;                       ///< name or address without brackets; the path of a unix socket
  std::uint16_t port = 11211;
  std::uint32_t weight = 1;               ///< at least 1
  /// What rings and rendezvous place by instead of where it is: keys stay with a server that moves under one alias. libmc's
  /// alias, twemproxy's server name. Empty: there is none.
  std::string alias = {};

  server() = default;

  /// Parses `given`. Throws cmemcache::error (errc::bad_server) that names it.
  server(std::string_view given, std::uint32_t share = 1);  // NOLINT(google-explicit-constructor)
  server(const char* given, std::uint32_t share = 1) : server(std::string_view(given), share) {}
  server(const std::string& given, std::uint32_t share = 1) : server(std::string_view(given), share) {}

  /// Parses `given`; errc::bad_server in `ec` for what is none of the known forms, and an empty server.
  static server parse(std::string_view given, std::uint32_t share, error_code& ec);

  /// "host:port" or the path: what placements and other clients call this server, if it has no alias.
  std::string label() const;

  /// The same server with the same weight and alias, whatever was written.
  bool operator==(const server& other) const noexcept;
};

/// Parses a list such as "10.0.0.1:11211,10.0.0.2:11211" (commas or blanks between, and so no aliases). Throws as server does.
std::vector<server> parse_servers(std::string_view list);

}  // namespace cmemcache
