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

bool all_good(std::string_view bytes) noexcept {
  std::uint64_t word;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::memcpy(&word, bytes.data() + i, 8);
    if (has_bad_byte(word)) return false;
  }
  for (; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte < 0x21 || byte == 0x7f) return false;
  }
  return true;
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
