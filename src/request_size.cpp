#include "request_size.hpp"

#include <algorithm>

#include "protocol/gather.hpp"

namespace cmemcache {

namespace {

// Bytes that one request may have, unless it has one element only. memcached takes a `get` line of any length, but closes
// on a long `gat` that comes in pieces.
std::size_t request_bound(verb op) noexcept {
  constexpr std::size_t longest_line_in_pieces = 1500;
  return op == verb::gat || op == verb::gats ? longest_line_in_pieces : 48 * 1024;
}

}  // namespace

std::size_t request_bytes(const protocol::command& what, const protocol::element& e) noexcept {
  return what.prefix.size() + e.key.size() + 1 + std::min(e.value.size(), protocol::gather::reference_threshold);
}

std::size_t request_size(const protocol::command& what, std::span<const protocol::element> elements) noexcept {
  const std::size_t bound = request_bound(what.op);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    bytes += request_bytes(what, elements[i]);
    if (bytes > bound && i > 0) return i;
  }
  return elements.size();
}

}  // namespace cmemcache
