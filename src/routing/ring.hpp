#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "routing/node.hpp"

#include <cmemcache/distribution.hpp>

namespace cmemcache::routing {

/// libmemcached's continuum: points on a circle of 2^32, each owned by one server. A key belongs to the first point
/// at or after its hash, so that taking a server away moves only the keys it had.
///
/// A value, and immutable once made: safe from several threads.
class ring {
 public:
  struct point {
    std::uint32_t value;
    std::uint32_t server;  // index into the nodes the ring was made from

    auto operator<=>(const point&) const = default;
  };

  ring() = default;

  /// 100 points a server, hashed with the hash that keys get.
  static ring even(std::span<const node> nodes, hash_kind hash);

  /// Points in proportion to weight, four to an MD5 digest, 160 a server on average. A weight of 0 counts as 1. A
  /// server with less than a fortieth of the average weight gets none, and no keys.
  static ring weighted(std::span<const node> nodes);

  /// The place in points() of the first point at or after `hash`, past the end the first one. There must be points.
  std::size_t place_of(std::uint32_t hash) const noexcept;

  /// In the order of the circle.
  std::span<const point> points() const noexcept { return points_; }

 private:
  std::vector<point> points_;
};

}  // namespace cmemcache::routing
