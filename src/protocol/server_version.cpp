#include "protocol/server_version.hpp"

#include <charconv>

namespace cmemcache::protocol {

server_version parse_server_version(std::string_view text) noexcept {
  server_version found;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int* part : {&found.major, &found.minor, &found.patch}) {
    if (part != &found.major) {
      if (at == end || *at != '.') return part == &found.patch ? found : server_version{};
      ++at;
    }
    if (at == end || *at < '0' || *at > '9') return {};
    const auto [next, error] = std::from_chars(at, end, *part);
    if (error != std::errc{}) return {};
    at = next;
  }
  return found;
}

}  // namespace cmemcache::protocol
