#include "routing/placement.hpp"

#include "routing/decimal.hpp"
#include "routing/md5.hpp"

#include <algorithm>

namespace cmemcache::routing {
namespace {

// What the distribution makes of the user's choice of hash.
hash_kind hash_used(distribution kind, hash_kind chosen) noexcept {
  switch (kind) {
    case distribution::ketama_weighted: return hash_kind::md5;
    case distribution::rendezvous: return hash_kind::murmur3;
    case distribution::modulo:
    case distribution::modula:
    case distribution::ketama: break;
  }
  return chosen;
}

}  // namespace

placement::placement(std::span<const node> nodes, distribution kind, hash_kind hash)
    : kind_(kind), hash_(hash_used(kind, hash)), settled_(nodes.size() <= 1), size_(nodes.size()) {
  if (size_ == 1) only_ = 0;

  const bool weighs = std::ranges::any_of(nodes, [](const node& server) { return server.weight > 1; });
  const bool weighted_ring = kind == distribution::ketama_weighted || (kind == distribution::ketama && weighs);
  if (hash_ == hash_kind::md5 || weighted_ring) require_md5();

  switch (kind) {
    case distribution::modulo:
      // python-memcached lists a server once for each unit of weight. The ends of those runs say the same in a few
      // words, however large the weights are. A weight of 0 takes a server out.
      if (std::ranges::any_of(nodes, [](const node& server) { return server.weight != 1; })) {
        for (const node& server : nodes) bucket_ends_.push_back(buckets_ += server.weight);
        if (buckets_ == 0) {
          settled_ = true;
          only_ = none;
        }
        break;
      }
      [[fallthrough]];
    case distribution::modula:
      buckets_ = size_;
      break;
    case distribution::ketama:
    case distribution::ketama_weighted:
      ring_ = weighted_ring ? ring::weighted(nodes) : ring::even(nodes, hash_);
      break;
    case distribution::rendezvous:
      scores_ = rendezvous(nodes);
      break;
  }
}

std::size_t placement::pick_hashed(std::uint64_t hash) const noexcept {
  if (settled_) return only_;
  return kind_ == distribution::rendezvous ? scores_.best(decimal(hash).text()).server : locate(hash);
}

std::size_t placement::weighted_owner(std::uint64_t bucket) const noexcept {
  return static_cast<std::size_t>(std::ranges::upper_bound(bucket_ends_, bucket) - bucket_ends_.begin());
}

}  // namespace cmemcache::routing
