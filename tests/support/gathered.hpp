#pragma once

#include <array>
#include <string>

#include "protocol/gather.hpp"

namespace cmemcache::test {

/// Everything that `out` would write, in one string, a few pieces at a time.
inline std::string gathered(protocol::gather& out) {
  std::string bytes;
  std::array<protocol::gather::piece, 3> pieces;
  while (const std::size_t count = out.pieces(pieces)) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
      bytes.append(pieces[i].data, pieces[i].size);
      size += pieces[i].size;
    }
    out.consume(size);
  }
  return bytes;
}

}  // namespace cmemcache::test
