#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "routing/murmur.hpp"
#include "routing/node.hpp"

namespace cmemcache::routing {

/// Highest score wins: every server hashes "{label}-{key}" with murmur3, and the key is the best one's. Where two score
/// alike, the label that sorts last wins. A key's runner-up is the server it would have without the winner.
///
/// This is pymemcache's hasher over the *bytes* given. pymemcache hashes the characters of what its user wrote, before
/// any prefix, each cut to eight bits: the same for an ASCII key, not for another `str`. Whoever needs those keys at
/// the same place passes them here in that form (and for a `bytes` key, its repr).
///
/// A value, and immutable once made: safe from several threads.
class rendezvous {
 public:
  /// A server's standing for one key.
  struct standing {
    std::uint32_t score;
    std::size_t server;
  };

  rendezvous() = default;
  explicit rendezvous(std::span<const node> nodes);

  /// The winner. There must be servers.
  standing best(std::string_view key) const noexcept;

  /// The best of those that stand below `last`; `last` itself when there is none.
  standing below(const standing& last, std::string_view key) const noexcept;

 private:
  struct candidate {
    std::string label;
    murmur3_state begun;  // after "{label}-"
  };

  standing stand(std::size_t server, std::string_view key) const noexcept;
  bool beats(const standing& a, const standing& b) const noexcept;

  std::vector<candidate> candidates_;
};

}  // namespace cmemcache::routing
