#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>

namespace cmemcache::protocol {

/// Room that any 64-bit number fits into, sign included.
inline constexpr std::size_t max_digits = 20;

/// Writes `number` in decimal at `out`; returns the end.
template <std::integral T>
char* put_number(char* out, T number) noexcept {
  return std::to_chars(out, out + max_digits + 1, number).ptr;
}

inline char* put(char* out, std::string_view text) noexcept {
  return out + text.copy(out, text.size());  // memcpy does not take the null of an empty view
}

/// Takes a whole unsigned decimal number off the front of `text`. False, with `text` as it was, when there is none
/// or it does not fit into T: a sign, a blank and an overflow are all refused.
template <std::unsigned_integral T>
bool take_number(std::string_view& text, T& number) noexcept {
  // Lengths and flags have few digits, and from_chars has any base to care for: it costs three times this loop. What
  // could overflow is left to it.
  constexpr std::size_t safe_digits = std::numeric_limits<T>::digits10;
  const auto digit_at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[i])) - '0' : 10U;
  };
  T sum = 0;
  std::size_t length = 0;
  for (unsigned digit; length < safe_digits && (digit = digit_at(length)) < 10; ++length)
    sum = static_cast<T>(sum * 10 + digit);
  if (length == safe_digits && digit_at(length) < 10) {
    const auto [next, error] = std::from_chars(text.data(), text.data() + text.size(), sum);
    if (error != std::errc{}) return false;
    length = static_cast<std::size_t>(next - text.data());
  }
  if (length == 0) return false;
  number = sum;
  text.remove_prefix(length);
  return true;
}

/// Takes `prefix` off the front of `text`, if it is there.
inline bool take(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace cmemcache::protocol
