#include "routing/crc32.hpp"

#include "routing/little_endian.hpp"

#include <array>
#include <cstddef>

namespace cmemcache::routing {
namespace {

// tables[0] moves the remainder on by one byte; tables[n] does so for a byte with n more behind it. So the four bytes
// of a word are looked up side by side, and not each after the last.
using table = std::array<std::uint32_t, 256>;

constexpr std::array<table, 4> make_tables() noexcept {
  std::array<table, 4> made{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = remainder >> 1 ^ (remainder & 1 ? 0xedb88320U : 0U);
    made[0][byte] = remainder;
  }
  for (std::size_t n = 1; n < made.size(); ++n)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = made[n - 1][byte];
      made[n][byte] = before >> 8 ^ made[0][before & 0xffU];
    }
  return made;
}

constexpr std::array<table, 4> tables = make_tables();

}  // namespace

std::uint32_t crc32(std::string_view text) noexcept {
  std::uint32_t remainder = 0xffffffffU;
  std::size_t i = 0;
  for (; text.size() - i >= 4; i += 4) {
    remainder ^= word_at(text, i);
    remainder = tables[3][remainder & 0xffU] ^ tables[2][remainder >> 8 & 0xffU] ^
                tables[1][remainder >> 16 & 0xffU] ^ tables[0][remainder >> 24];
  }
  for (; i < text.size(); ++i) remainder = remainder >> 8 ^ tables[0][(remainder ^ byte_at(text, i)) & 0xffU];
  return ~remainder;
}

}  // namespace cmemcache::routing
