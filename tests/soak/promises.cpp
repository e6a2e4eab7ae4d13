#include "promises.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <set>
#include <vector>

#include <zlib.h>

namespace soak {

namespace {

constexpr std::size_t longest = 1U << 18U;

const std::string& noise() {
  static const std::string bytes = [] {
    chance random{std::random_device{}()};
    std::string made(longest, '\0');
    for (char& byte : made) byte = static_cast<char>(random());
    return made;
  }();
  return bytes;
}

uLong added(uLong sum, std::string_view bytes) {
  return crc32(sum, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
}

std::string checksum(std::string_view head, std::string_view payload) {
  std::array<char, 16> hex{};
  std::snprintf(hex.data(), hex.size(), "%08lx", added(added(0, head), payload));
  return hex.data();
}

bool read(std::string_view text, std::uint64_t& number) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  return ec == std::errc{} && end == text.data() + text.size();
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> words;
  for (std::size_t end = 0; (end = text.find(at)) != text.npos; text.remove_prefix(end + 1)) words.push_back(text.substr(0, end));
  words.push_back(text);
  return words;
}

}  // namespace

std::size_t up_to(chance& random, std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random); }

std::size_t some_length(chance& random) {
  static constexpr std::size_t lengths[] = {0, 1, 10, 100, 1000, 4096, 5000, 20'000, 200'000};
  static thread_local std::discrete_distribution<std::size_t> which{4, 4, 15, 50, 18, 3, 3, 2, 1};
  return up_to(random, lengths[which(random)]);
}

std::string writer::value(std::string_view key, std::size_t length, chance& random) {
  const std::string head = std::string(key) + ' ' + name_ + ' ' + std::to_string(++last_) + ' ' + std::to_string(length);
  const std::string_view payload = std::string_view(noise()).substr(up_to(random, longest - length), length);
  return head + ' ' + checksum(head, payload) + '\n' + std::string(payload);
}

std::string writer::complaint(std::string_view key, std::string_view value) const {
  const std::string about(key);
  const std::size_t newline = value.find('\n');
  const std::string_view first = value.substr(0, newline);
  const auto words = split(first, ' ');
  if (newline == value.npos || words.size() != 5)
    return about + ": no value of ours: " + std::string(value.substr(0, 60)) + ", " + std::to_string(value.size()) + " bytes";
  if (words[0] != key) return about + ": the value of " + std::string(words[0]);
  const std::string_view payload = value.substr(newline + 1);
  const std::string which = ", version " + std::string(words[2]) + " of " + std::string(words[1]);
  std::uint64_t length = 0;
  if (!read(words[3], length) || length != payload.size())
    return about + ": " + std::to_string(payload.size()) + " bytes of " + std::string(words[3]) + which;
  if (checksum(first.substr(0, first.rfind(' ')), payload) != words[4]) return about + ": checksum" + which;
  std::uint64_t version = 0;
  if (!read(words[2], version) || (words[1] == name_ && version > last_)) return about + ": was never written" + which;
  return {};
}

std::string patches_complaint(std::string_view key, std::string_view value, std::uint64_t last) {
  auto tokens = split(value, ';');
  const std::string about(key);
  if (!tokens.back().empty()) return about + ": cut off: " + std::string(tokens.back());
  tokens.pop_back();
  std::set<std::uint64_t> numbers;
  for (const std::string_view token : tokens) {
    const std::size_t mark = token.find('#');
    std::uint64_t number = 0;
    if (token.substr(0, mark) != key || mark == token.npos || !read(token.substr(mark + 1), number) || number > last)
      return about + ": was never put there: " + std::string(token.substr(0, 60));
    if (!numbers.insert(number).second) return about + ": was put there twice: " + std::string(token);
  }
  return {};
}

}  // namespace soak
