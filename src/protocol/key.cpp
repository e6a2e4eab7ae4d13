#include "protocol/key.hpp"

#include <cstdint>
#include <cstring>

namespace cmemcache::protocol {

namespace {

// Whether any of the word's bytes is below 0x21 or is 0x7f. The high bit is masked out of both tests, because bytes
// from 0x80 are allowed; a borrow or carry can only come from a byte that is itself forbidden.
bool has_bad_byte(std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  constexpr std::uint64_t high = 0x8080808080808080u;
  const std::uint64_t below = (word - ones * 0x21) & ~word & high;
  const std::uint64_t as_del = word ^ (ones * 0x7f);
  const std::uint64_t is_del = (as_del - ones) & ~as_del & high;
  return (below | is_del) != 0;
}

template <class Word>
std::uint64_t word_at(const char* at) noexcept {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// A word at a time. The last one overlaps the one before; keys too short for that are put together from two halves.
bool all_good(std::string_view bytes) noexcept {
  const char* const at = bytes.data();
  const std::size_t size = bytes.size();
  if (size >= 8) {
    for (std::size_t i = 0; i < size - 8; i += 8)
      if (has_bad_byte(word_at<std::uint64_t>(at + i))) return false;
    return !has_bad_byte(word_at<std::uint64_t>(at + size - 8));
  }
  if (size >= 4)
    return !has_bad_byte(word_at<std::uint32_t>(at) << 32 | word_at<std::uint32_t>(at + size - 4));
  std::uint64_t word = 0x2121212121212121u;  // good bytes, of which as many as there are make room
  for (std::size_t i = 0; i < size; ++i) word = word << 8 | static_cast<unsigned char>(at[i]);
  return !has_bad_byte(word);
}

}  // namespace

error_code check_key(std::string_view key, std::size_t prefix_length) noexcept {
  if (key.empty()) return errc::key_empty;
  if (key.size() + prefix_length > max_key_length) return errc::key_too_long;
  if (!all_good(key)) return errc::key_bad_character;
  return {};
}

error_code check_prefix(std::string_view prefix) noexcept {
  if (prefix.empty()) return {};
  return check_key(prefix, 1);  // room for a key of one byte
}

}  // namespace cmemcache::protocol
