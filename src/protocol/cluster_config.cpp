#include "protocol/cluster_config.hpp"

#include <algorithm>

#include "protocol/digits.hpp"
#include "protocol/key.hpp"

namespace cmemcache::protocol {

namespace {

template <class Number>
bool read_all(std::string_view text, Number& out) noexcept {
  const char* const end = text.data() + text.size();
  return read_number(text.data(), end, out) == end;
}

// Up to `end`, which goes, too; all that is left where there is none.
std::string_view take_until(std::string_view& text, char end) noexcept {
  const std::size_t size = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return taken;
}

bool is_name(std::string_view text) noexcept { return has_good_bytes(text) && text.find(',') == text.npos; }

bool read_node(std::string_view text, cluster_config::node& out) {
  if (std::ranges::count(text, '|') != 2) return false;
  out.host = take_until(text, '|');
  out.address = take_until(text, '|');
  return !(out.host.empty() && out.address.empty()) && is_name(out.host) && is_name(out.address) &&
         read_all(text, out.port) && out.port != 0;
}

std::string_view without_return(std::string_view line) noexcept {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::optional<cluster_config> parse_cluster_config(std::string_view text) {
  cluster_config out;
  if (!read_all(without_return(take_until(text, '\n')), out.version)) return {};
  std::string_view nodes = without_return(take_until(text, '\n'));
  if (text.find_first_not_of("\r\n") != text.npos) return {};
  while (!nodes.empty()) {
    const std::string_view next = take_until(nodes, ' ');
    if (next.empty()) continue;
    if (!read_node(next, out.nodes.emplace_back())) return {};
  }
  if (out.nodes.empty()) return {};
  return out;
}

}  // namespace cmemcache::protocol
