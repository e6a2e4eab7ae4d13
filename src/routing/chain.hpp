#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "routing/decimal.hpp"
#include "routing/placement.hpp"
#include "routing/rendezvous.hpp"

namespace cmemcache::routing {

/// Where a key goes when its server is dead, and where then: candidate after candidate, the first being the pick.
///
/// - modulo: python-memcached's rehashing, ten attempts in all. The same server can come up again, and some may never.
/// - modula: the next server in the list, each once.
/// - rings: the ring's next point of a server that has not come up, each once. That is where the key would be on a
///   ring made without the dead ones, but for unequal weights, which libmemcached shares out anew among the living.
/// - rendezvous: the next best score, each once.
///
/// One server comes up once, and every chain ends. Belongs to one thread. The placement and the key must outlive it.
class placement_chain {
 public:
  placement_chain(const placement& from, std::string_view key) noexcept;

  /// For a key that comes with its own hash: see placement::pick_hashed.
  placement_chain(const placement& from, std::uint64_t hash) noexcept;

  placement_chain(const placement_chain&) = delete;
  placement_chain& operator=(const placement_chain&) = delete;

  /// The next candidate; placement::none when there is none left, and from then on.
  /// Allocates on a ring only, for the second candidate.
  std::size_t next();

 private:
  std::size_t rehash() noexcept;
  std::size_t walk();
  std::size_t step_down() noexcept;

  const placement& placement_;
  std::uint64_t hash_ = 0;             // of the attempt to come (modulo), of the key (modula, rings)
  decimal digits_;                     // rendezvous: what stands for the key when it comes as a hash
  std::string_view key_;               // rendezvous: the key
  std::size_t given_ = 0;              // candidates so far
  std::size_t place_ = 0;              // rings: the point last looked at
  std::size_t walked_ = 0;             // rings: points left behind
  std::vector<bool> tried_;            // rings: by server, from the second candidate on
  rendezvous::standing last_{};        // rendezvous: of the last candidate
};

}  // namespace cmemcache::routing
