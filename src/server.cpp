#include <cmemcache/server.hpp>

#include <algorithm>
#include <charconv>

namespace cmemcache {

namespace {

bool take(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Nothing that could not stand in a name or a path: blanks and control bytes are mistakes, or worse.
bool printable(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
}

// What may stand behind the host: nothing, or ":port"
bool parse_port(std::string_view rest, std::uint16_t& port) noexcept {
  if (rest.empty()) return true;
  if (!take(rest, ":")) return false;
  const char* const end = rest.data() + rest.size();
  const auto [next, error] = std::from_chars(rest.data(), end, port);
  return error == std::errc{} && next == end && port != 0;
}

bool parse_path(std::string_view path, server& out) {
  constexpr std::size_t longest = 107;  // sun_path, its closing zero aside
  out.kind = server::transport::unix_socket;
  out.host = path;
  return path.size() > 1 && path.size() <= longest && path.front() == '/';
}

// An IPv6 address by its looks, with a zone ("%eth0") perhaps; whether it is one, connecting tells.
bool looks_like_ipv6(std::string_view text) noexcept {
  const std::string_view address = text.substr(0, text.find('%'));
  return address.find(':') != address.npos &&
         address.find_first_not_of("0123456789abcdefABCDEF:.") == address.npos &&
         text.find_first_of("[]/") == text.npos;
}

bool parse_bracketed(std::string_view rest, server& out) {
  const std::size_t end = rest.find(']');
  if (end == rest.npos) return false;
  out.kind = server::transport::tcp6;
  out.host = rest.substr(1, end - 1);
  return looks_like_ipv6(out.host) && parse_port(rest.substr(end + 1), out.port);
}

bool parse_host(std::string_view rest, server& out) {
  const std::size_t end = std::min(rest.find(':'), rest.size());
  out.host = rest.substr(0, end);
  return !out.host.empty() && out.host.find_first_of("[]/,") == std::string::npos &&
         parse_port(rest.substr(end), out.port);
}

bool ends_in_port(std::string_view where) noexcept {
  const std::size_t colon = where.find_last_of(":]/");
  return colon != where.npos && where[colon] == ':';
}

// "10.0.0.1:11211 alias". Only behind a port or a path: "ho st" is a slip.
bool take_alias(std::string_view& text, server& out) {
  const std::size_t blank = text.find(' ');
  if (blank == text.npos) return true;
  const std::string_view where = text.substr(0, blank);
  out.alias = text.substr(blank + 1);
  text = where;
  return !out.alias.empty() && printable(out.alias) && (ends_in_port(where) || where.find('/') != where.npos);
}

bool parse_any(std::string_view text, server& out) {
  if (!take_alias(text, out) || !printable(text)) return false;
  if (take(text, "unix:") || text.starts_with('/')) return parse_path(text, out);
  if (take(text, "inet6:")) return text.starts_with('[') && parse_bracketed(text, out);
  if (text.starts_with('[')) return parse_bracketed(text, out);
  if (take(text, "inet:")) out.kind = server::transport::tcp4;
  return parse_host(text, out);
}

}  // namespace

server server::parse(std::string_view given, std::uint32_t share, error_code& ec) {
  server out;
  if (share == 0 || !parse_any(given, out)) {
    ec = errc::bad_server;
    return {};
  }
  ec.clear();
  out.text = given;
  out.weight = share;
  return out;
}

server::server(std::string_view given, std::uint32_t share) {
  error_code ec;
  *this = parse(given, share, ec);
  if (ec) throw error(ec, std::string(given), "'" + std::string(given) + "': " + ec.message());
}

std::string server::label() const {
  if (kind == transport::unix_socket) return host;
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool server::operator==(const server& other) const noexcept {
  return kind == other.kind && host == other.host && port == other.port && weight == other.weight && alias == other.alias;
}

std::vector<server> parse_servers(std::string_view list) {
  constexpr std::string_view separators = ", \t\n";
  std::vector<server> out;
  for (std::size_t at = list.find_first_not_of(separators); at != list.npos;
       at = list.find_first_not_of(separators, at)) {
    const std::size_t end = std::min(list.find_first_of(separators, at), list.size());
    out.emplace_back(list.substr(at, end - at));
    at = end;
  }
  return out;
}

}  // namespace cmemcache
