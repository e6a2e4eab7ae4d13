#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cmemcache {

/// One server's figures since the client was made.
struct server_counters {
  std::string server;                  ///< as given
  std::uint64_t hits = 0;              ///< values received
  std::uint64_t misses = 0;            ///< keys asked for that were not there
  std::uint64_t stores = 0;            ///< values stored
  std::uint64_t timeouts = 0;          ///< calls whose deadline passed while this server was awaited
  std::uint64_t reconnects = 0;        ///< connections opened after the first
  std::uint64_t connections = 0;       ///< open now
  std::uint64_t in_flight = 0;         ///< calls under way now
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t orphaned_replies = 0;  ///< replies swallowed because nobody waits for them any more
  std::uint64_t marked_dead = 0;       ///< times the server was marked dead
  bool dead = false;                   ///< marked dead now
};

/// What a client with `discovery_interval` knows of its cluster.
struct discovery_status {
  std::uint64_t version = 0;           ///< of the list in use, as the endpoint counts
  std::uint64_t lookups = 0;           ///< that gave a list, changed or not
  std::uint64_t failures = 0;          ///< that gave none, or one older than that in use
  std::string last_failure;            ///< in words; empty if there was none
};

/// The statistics of one server.
struct server_stats {
  std::string server;
  std::vector<std::pair<std::string, std::string>> values;
};

}  // namespace cmemcache
