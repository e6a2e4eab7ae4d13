#include <cmemcache/server.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.hpp"

using namespace cmemcache;
using cmemcache::fuzz::require;

namespace {

// A host of this name needs its form spelt out: "inet:80" is not port 80 of the host "inet".
bool is_form(const std::string& host) { return host == "unix" || host == "inet" || host == "inet6"; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  error_code ec;
  const server found = server::parse(text, 1, ec);
  if (ec) {
    require(ec == errc::bad_server && found.text.empty() && found.host.empty());
    return 0;
  }
  require(found.text == text && !found.host.empty() && found.port != 0 && found.weight == 1);
  for (const char c : found.host + found.alias) require(static_cast<unsigned char>(c) > 0x20 && c != 0x7f);
  if (found.kind == server::transport::unix_socket) require(found.host.front() == '/');
  if (is_form(found.host)) return 0;

  const server again = server::parse(found.label(), 1, ec);
  require(!ec && again.host == found.host && again.port == found.port && again.label() == found.label());
  if (text.find_first_of(", ") == text.npos) {
    const auto list = parse_servers(std::string(text) + ", " + std::string(text));
    require(list.size() == 2 && list[0] == found && list[1] == found);
  }
  return 0;
}
