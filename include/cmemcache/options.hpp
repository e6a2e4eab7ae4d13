#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <cmemcache/distribution.hpp>
#include <cmemcache/logger.hpp>
#include <cmemcache/tls_options.hpp>

namespace cmemcache {

/// What is spoken on the wire.
enum class wire_protocol : std::uint8_t {
  automatic,   ///< asks the server's version once per connection, then for each verb the best that it speaks
  text,        ///< the classic commands only; nothing is asked
  meta,        ///< mg, ms, md, ma where they can say it; errc::unsupported on a server before 1.6.10
  binary,      ///< the binary protocol, deprecated since 1.6.0: for SASL, and proxies that know nothing else
};

/// How a client behaves. Every field has the default that python-memcached's users expect.
struct client_options {
  std::chrono::milliseconds connect_timeout{1000};  ///< for one connection, over all addresses of its server; inside `timeout`
  std::chrono::milliseconds timeout{3000};          ///< one deadline for a whole call, over all of its servers
  std::chrono::milliseconds dead_retry{30000};      ///< how long a server marked dead is left alone
  std::chrono::milliseconds resolve_interval{60000};  ///< a server's name is looked up again this often besides; 0: never

  /// The servers given are configuration endpoints of a cluster, ElastiCache's for one, which are asked for the servers; again
  /// this often while the client is in use. 0: they are the servers. The first call waits for the list, inside its deadline.
  std::chrono::milliseconds discovery_interval{0};

  cmemcache::distribution distribution = cmemcache::distribution::modulo;
  hash_kind hash = hash_kind::crc;
  bool failover = true;                ///< whether a dead server's keys move to the next candidate

  wire_protocol protocol = wire_protocol::automatic;

  // Said on each connection before anything else, unless the name is empty: as memcached's ASCII authentication (-Y) wants it,
  // by SASL PLAIN (-S) in the binary protocol. Whoever listens on the way can read it, unless there is TLS.
  std::string username = {};           ///< without blanks and control bytes
  std::string password = {};           ///< without NUL and line ends

  std::string key_prefix = {};         ///< before every key on the wire; not hashed
  std::size_t max_connections = 8;     ///< blocking: sockets per server; a caller over that waits, inside its deadline
  bool flush_on_reconnect = false;     ///< flush_all to a server that comes back after it was marked dead

  // Asynchronous calls share connections. What is over a bound waits in its turn, inside its deadline.
  std::size_t pipelined_connections = 1;                ///< per server; with more, calls may overtake one another
  std::size_t max_in_flight = 16 * 1024;                ///< keys asked for and not answered, per connection
  std::size_t max_in_flight_bytes = 8 * 1024 * 1024;    ///< of keys and values not answered yet, per connection

  std::size_t max_value_length = 1024 * 1024;           ///< bytes: larger values are refused before they are sent
  std::size_t max_reply_length = 1024 * 1024 * 1024;    ///< bytes: a server announcing more is a protocol error

  std::optional<tls_options> tls = {};  ///< what is spoken goes through TLS, to every server

  logger log = {};                     ///< who is told what happens
};

}  // namespace cmemcache
