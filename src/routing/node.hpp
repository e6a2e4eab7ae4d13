#pragma once

#include <cstdint>
#include <string>

namespace cmemcache::routing {

/// One server as routing sees it: the names and the weight that placements are made from.
struct node {
  std::string host;            ///< as the user wrote it, or the path of a Unix socket: rings hash it as it stands
  std::uint16_t port = 11211;  ///< not looked at for a Unix socket
  std::string label;           ///< "host:port", the path of a Unix socket, or the alias: rendezvous's node id
  std::uint32_t weight = 1;
  bool is_unix = false;
  std::string alias = {};      ///< what rings hash instead of host and port, if it has one
};

}  // namespace cmemcache::routing
