#include "routing/murmur.hpp"

#include "routing/little_endian.hpp"

#include <bit>
#include <cstddef>

namespace cmemcache::routing {
namespace {

std::uint32_t scramble(std::uint32_t block) noexcept { return std::rotl(block * 0xcc9e2d51U, 15) * 0x1b873593U; }

}  // namespace

void murmur3_state::mix(std::uint32_t block) noexcept {
  hash_ = std::rotl(hash_ ^ scramble(block), 13) * 5 + 0xe6546b64U;
}

void murmur3_state::update(std::string_view piece) noexcept {
  std::size_t i = 0;
  const auto take_byte = [&] {
    partial_ |= byte_at(piece, i++) << 8 * (length_ % 4);
    if (++length_ % 4 != 0) return;
    mix(partial_);
    partial_ = 0;
  };

  while (length_ % 4 != 0 && i < piece.size()) take_byte();
  for (; piece.size() - i >= 4; i += 4, length_ += 4) mix(word_at(piece, i));
  while (i < piece.size()) take_byte();
}

std::uint32_t murmur3_state::finish() const noexcept {
  // With no byte left over this scrambles 0, which is 0.
  std::uint32_t h = hash_ ^ scramble(partial_) ^ length_;
  h = (h ^ h >> 16) * 0x85ebca6bU;
  h = (h ^ h >> 13) * 0xc2b2ae35U;
  return h ^ h >> 16;
}

std::uint32_t murmur3(std::string_view text) noexcept {
  murmur3_state state;
  state.update(text);
  return state.finish();
}

std::uint32_t murmur2(std::string_view text) noexcept {
  constexpr std::uint32_t factor = 0x5bd1e995U;
  const auto length = static_cast<std::uint32_t>(text.size());
  std::uint32_t h = 0xdeadbeefU * length ^ length;

  std::size_t i = 0;
  for (; text.size() - i >= 4; i += 4) {
    std::uint32_t block = word_at(text, i) * factor;
    block = (block ^ block >> 24) * factor;
    h = h * factor ^ block;
  }
  if (i < text.size()) {
    for (std::uint32_t shift = 0; i < text.size(); ++i, shift += 8) h ^= byte_at(text, i) << shift;
    h *= factor;
  }

  h = (h ^ h >> 13) * factor;
  return h ^ h >> 15;
}

}  // namespace cmemcache::routing
