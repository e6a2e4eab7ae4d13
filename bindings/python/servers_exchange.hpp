#pragma once

#include <vector>

#include "exchange.hpp"

namespace cmemcache::python {

/// The exchange of a verb that asks all servers.
class servers_exchange final : public exchange {
 public:
  using exchange::exchange;

  /// Deals with trouble. False: an exception is set.
  bool settle() { return report(true); }

  std::vector<server_stats> replies;  ///< in the servers' order, without those in trouble
  std::vector<server> servers;        ///< the client's
};

}  // namespace cmemcache::python
