#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cmemcache::routing {

// The hashes are defined over bytes and little-endian words, and so are the same on every machine. Compilers make one
// load of word_at where memory has that order.

inline std::uint32_t byte_at(std::string_view text, std::size_t i) noexcept {
  return static_cast<unsigned char>(text[i]);
}

inline std::uint32_t word_at(std::string_view text, std::size_t i) noexcept {
  return byte_at(text, i) | byte_at(text, i + 1) << 8 | byte_at(text, i + 2) << 16 | byte_at(text, i + 3) << 24;
}

}  // namespace cmemcache::routing
