#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <cmemcache/error.hpp>

namespace cmemcache::protocol {

/// Bytes of key and prefix together (memcached's KEY_MAX_LENGTH).
inline constexpr std::size_t max_key_length = 250;

/// Not 0 when any of the word's bytes is below 0x21 or is 0x7f. The high bit is masked out of both tests, because bytes
/// from 0x80 are allowed; a borrow or carry can only come from a byte that is itself forbidden.
constexpr std::uint64_t bad_bytes(std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  constexpr std::uint64_t high = 0x8080808080808080u;
  const std::uint64_t below = (word - ones * 0x21) & ~word;
  const std::uint64_t as_del = word ^ (ones * 0x7f);
  const std::uint64_t is_del = (as_del - ones) & ~as_del;
  return (below | is_del) & high;
}

/// Whether all bytes may stand in a key. A word at a time: the last one overlaps the one before, and keys too short for
/// that are put together from two halves.
inline bool has_good_bytes(std::string_view bytes) noexcept {
  const auto word_at = [at = bytes.data()]<class Word>(std::size_t offset, Word word) -> std::uint64_t {
    std::memcpy(&word, at + offset, sizeof word);
    return word;
  };
  const std::size_t size = bytes.size();
  if (size >= 8) {
    std::uint64_t bad = bad_bytes(word_at(size - 8, std::uint64_t{}));
    for (std::size_t i = 0; i < size - 8; i += 8) bad |= bad_bytes(word_at(i, std::uint64_t{}));
    return bad == 0;
  }
  if (size >= 4) return bad_bytes(word_at(0, std::uint32_t{}) << 32 | word_at(size - 4, std::uint32_t{})) == 0;
  std::uint64_t word = 0x2121212121212121u;  // good bytes, of which as many as there are make room
  for (const char c : bytes) word = word << 8 | static_cast<unsigned char>(c);
  return bad_bytes(word) == 0;
}

/// Whether check_key() has nothing to say.
inline bool is_good_key(std::string_view key, std::size_t prefix_length) noexcept {
  return !key.empty() && key.size() + prefix_length <= max_key_length && has_good_bytes(key);
}

/// Whether memcached takes `key` behind a prefix of `prefix_length` bytes: 1 to 250 bytes in all, none of them a
/// space, a control byte or DEL (protocol.txt forbids the first two; python-memcached also DEL). Bytes from 0x80 are
/// taken. An empty key is key_empty whatever the prefix. Nothing that fails here may reach the wire: a CR LF in a
/// key would be a second command.
error_code check_key(std::string_view key, std::size_t prefix_length = 0) noexcept;

/// Whether `prefix` may stand before a key: like a key, and it may be empty.
error_code check_prefix(std::string_view prefix) noexcept;

}  // namespace cmemcache::protocol
