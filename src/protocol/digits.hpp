#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string_view>

namespace cmemcache::protocol {

/// Room that any 64-bit number fits into, sign included.
inline constexpr std::size_t max_digits = 20;

/// Writes `number` in decimal at `out`; returns the end.
template <std::integral T>
char* put_number(char* out, T number) noexcept {
  if (number >= 0 && number < 10) {  // flags and exptimes
    *out = static_cast<char>('0' + number);
    return out + 1;
  }
  return std::to_chars(out, out + max_digits + 1, number).ptr;
}

inline char* put(char* out, std::string_view text) noexcept {
  return out + text.copy(out, text.size());  // memcpy does not take the null of an empty view
}

/// Reads a whole unsigned decimal number at `at`; returns its end. Null when there is none or it does not fit into T: a
/// sign, a blank and an overflow are all refused.
template <std::unsigned_integral T>
const char* read_number(const char* at, const char* end, T& number) noexcept {
  // Lengths and flags have few digits, and from_chars has any base to care for: it costs three times this loop. What
  // could overflow is left to it.
  constexpr std::ptrdiff_t safe_digits = std::numeric_limits<T>::digits10;
  const auto digit = [](const char* c) { return static_cast<unsigned>(static_cast<unsigned char>(*c)) - '0'; };
  const char* const safe = end - at < safe_digits ? end : at + safe_digits;
  const char* next = at;
  T sum = 0;
  for (; next != safe && digit(next) < 10; ++next) sum = static_cast<T>(sum * 10 + digit(next));
  if (next == safe && next != end && digit(next) < 10) {
    const auto [last, error] = std::from_chars(at, end, sum);
    if (error != std::errc{}) return nullptr;
    next = last;
  }
  if (next == at) return nullptr;
  number = sum;
  return next;
}

/// The same, taken off the front of `text`, which stays as it was when there is none.
template <std::unsigned_integral T>
bool take_number(std::string_view& text, T& number) noexcept {
  const char* const end = text.data() + text.size();
  const char* const next = read_number(text.data(), end, number);
  if (next == nullptr) return false;
  text = {next, static_cast<std::size_t>(end - next)};
  return true;
}

/// Takes `prefix` off the front of `text`, if it is there.
inline bool take(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// The same for a word whose length the compiler knows: a comparison or two, and no call.
template <std::size_t Size>
bool take(std::string_view& text, const char (&word)[Size]) noexcept {
  if (text.size() < Size - 1 || std::memcmp(text.data(), word, Size - 1) != 0) return false;
  text.remove_prefix(Size - 1);
  return true;
}

}  // namespace cmemcache::protocol
