#include "routing/ring.hpp"

#include "routing/hash.hpp"
#include "routing/md5.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace cmemcache::routing {
namespace {

constexpr std::uint32_t even_points = 100;
constexpr float weighted_points = 160;
constexpr std::uint16_t default_port = 11211;

// What libmemcached hashes for a server's points, up to their number: the port only where it is not the usual one.
// A Unix socket is a server of port 0 there. An alias takes the place of all that, as libmc and twemproxy have it.
std::string stem(const node& server) {
  if (!server.alias.empty()) return server.alias + '-';
  const std::uint16_t port = server.is_unix ? std::uint16_t{0} : server.port;
  return port == default_port ? server.host + '-' : server.host + ':' + std::to_string(port) + '-';
}

std::uint32_t effective_weight(const node& server) noexcept { return std::max<std::uint32_t>(server.weight, 1); }

}  // namespace

ring ring::even(std::span<const node> nodes, hash_kind hash) {
  ring result;
  result.points_.reserve(nodes.size() * even_points);
  for (std::uint32_t server = 0; server < nodes.size(); ++server) {
    const std::string prefix = stem(nodes[server]);
    for (std::uint32_t i = 0; i < even_points; ++i)
      result.points_.push_back({hash_key(hash, prefix + std::to_string(i)), server});
  }
  std::ranges::sort(result.points_);
  return result;
}

ring ring::weighted(std::span<const node> nodes) {
  std::uint64_t total = 0;
  for (const node& server : nodes) total += effective_weight(server);

  ring result;
  result.points_.reserve(nodes.size() * static_cast<std::size_t>(weighted_points));
  for (std::uint32_t server = 0; server < nodes.size(); ++server) {
    // Every step in float, as libmemcached has it: in double some servers would get four points more or fewer.
    const float share = static_cast<float>(effective_weight(nodes[server])) / static_cast<float>(total);
    const float digests = share * weighted_points / 4.0F * static_cast<float>(nodes.size()) + 1e-10F;
    const auto count = static_cast<std::uint32_t>(std::floor(digests));

    const std::string prefix = stem(nodes[server]);
    for (std::uint32_t i = 0; i < count; ++i)
      for (const std::uint32_t word : md5(prefix + std::to_string(i))) result.points_.push_back({word, server});
  }
  std::ranges::sort(result.points_);
  return result;
}

std::size_t ring::place_of(std::uint32_t hash) const noexcept {
  const auto found = std::ranges::lower_bound(points_, hash, {}, &point::value);
  return found == points_.end() ? 0 : static_cast<std::size_t>(found - points_.begin());
}

}  // namespace cmemcache::routing
