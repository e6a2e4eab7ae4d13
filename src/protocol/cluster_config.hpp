#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cmemcache::protocol {

/// The servers of a cluster, as ElastiCache's configuration endpoints tell them in answer to `config get cluster` (before 1.4.14:
/// `get AmazonElastiCache:cluster`):
///
///     12\n
///     a.cache.amazonaws.com|10.82.235.120|11211 b.cache.amazonaws.com||11211\n
///
/// Value type.
struct cluster_config {
  struct node {
    std::string host;
    std::string address;   ///< empty: the host's name is to be looked up
    std::uint16_t port = 0;

    bool operator==(const node&) const = default;
  };

  std::uint64_t version = 0;   ///< goes up with each change
  std::vector<node> nodes;     ///< at least one
};

inline constexpr std::string_view cluster_key = "cluster";
inline constexpr std::string_view old_cluster_key = "AmazonElastiCache:cluster";

/// Nothing for what is no such text, in any part of it: half a list would take servers away.
std::optional<cluster_config> parse_cluster_config(std::string_view text);

}  // namespace cmemcache::protocol
