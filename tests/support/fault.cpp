#include "support/fault.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <random>
#include <utility>

namespace cmemcache::test {

namespace {

using kind = fault::kind;

constexpr std::pair<kind, std::string_view> names[] = {
    {kind::pass, "pass"}, {kind::delay, "delay"}, {kind::stall, "stall"}, {kind::drip, "drip"},
    {kind::one_byte, "one_byte"}, {kind::close, "close"}, {kind::reset, "reset"}, {kind::half_close, "half_close"},
    {kind::garbage, "garbage"}, {kind::wrong_key, "wrong_key"}, {kind::huge_length, "huge_length"},
    {kind::negative_length, "negative_length"}, {kind::missing_end, "missing_end"}, {kind::extra, "extra"},
    {kind::duplicate, "duplicate"}, {kind::swallow, "swallow"}, {kind::swap, "swap"}, {kind::refuse, "refuse"},
    {kind::unanswered, "unanswered"}};

bool is_meta(std::string_view reply) {
  return reply.size() > 2 && std::isupper(reply[0]) && std::isupper(reply[1]) && (reply[2] == ' ' || reply[2] == '\r') &&
         !reply.starts_with("OK\r");
}

/// The n-th word of the first line, as where it begins and ends.
std::optional<std::pair<std::size_t, std::size_t>> word(std::string_view reply, std::size_t n) {
  const std::string_view line = reply.substr(0, reply.find('\r'));
  std::size_t from = 0, to = line.find(' ');
  for (; n > 0 && to != line.npos; --n) from = to + 1, to = line.find(' ', from);
  if (n > 0) return {};
  return std::pair(from, std::min(to, line.size()));
}

std::optional<std::string> with_word(std::string_view reply, std::size_t n, std::string_view other) {
  const auto at = word(reply, n);
  if (!at) return {};
  return std::string(reply).replace(at->first, at->second - at->first, other);
}

std::optional<std::string> with_another_key(std::string_view reply) {
  if (reply.starts_with("VALUE ")) return with_word(reply, 1, "stranger");
  if (!is_meta(reply)) return {};
  for (std::size_t n = 1; const auto at = word(reply, n); ++n) {
    // One that is far from those in use: in a quiet batch the next one is a neighbour's.
    if (reply[at->first] == 'O') return with_word(reply, n, "O4294967290");
    if (reply[at->first] == 'k') return with_word(reply, n, "kstranger");
  }
  return {};
}

std::optional<std::string> with_length(std::string_view reply, std::string_view length) {
  if (reply.starts_with("VALUE ")) return with_word(reply, 3, length);
  if (reply.starts_with("VA ")) return with_word(reply, 1, length);
  return {};
}

std::string garbage(std::size_t size) {
  static std::mt19937 random(1);
  std::string bytes(std::max<std::size_t>(size, 10), '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  bytes[0] = '\x13';  // begins like nothing that memcached says
  bytes.replace(bytes.size() - 2, 2, "\r\n");
  return bytes;
}

}  // namespace

std::string_view to_string(kind what) {
  return std::find_if(std::begin(names), std::end(names), [=](const auto& n) { return n.first == what; })->second;
}

std::optional<kind> fault_named(std::string_view name) {
  const auto found = std::find_if(std::begin(names), std::end(names), [=](const auto& n) { return n.second == name; });
  if (found == std::end(names)) return {};
  return found->first;
}

bool hits_replies(kind what) {
  return what != kind::pass && what != kind::stall && what != kind::refuse && what != kind::unanswered;
}

bool alters(kind what) { return what >= kind::garbage && what <= kind::duplicate; }

std::optional<std::string> altered(kind what, std::string_view reply) {
  switch (what) {
    case kind::garbage: return garbage(reply.size());
    case kind::wrong_key: return with_another_key(reply);
    case kind::huge_length: return with_length(reply, "1099511627776");
    case kind::negative_length: return with_length(reply, "-1");
    case kind::missing_end:
      if (!reply.ends_with("\nEND\r\n") && reply != "END\r\n") return {};
      return std::string(reply.substr(0, reply.size() - 5));
    case kind::extra: return std::string(reply) + (is_meta(reply) ? "HD\r\n" : "VALUE stranger 0 1\r\nx\r\nEND\r\n");
    case kind::duplicate: return std::string(reply).append(reply);
    default: return {};
  }
}

}  // namespace cmemcache::test
