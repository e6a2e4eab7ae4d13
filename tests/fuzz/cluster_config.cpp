// What a configuration endpoint says: nothing crashes, and what is taken is whole.

#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.hpp"
#include "protocol/cluster_config.hpp"

using cmemcache::fuzz::require;

namespace {

bool is_name(std::string_view text) { return text.find_first_of(" |,\r\n\t") == text.npos; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto got = cmemcache::protocol::parse_cluster_config(text);
  if (!got) return 0;
  require(!got->nodes.empty());
  std::string again = std::to_string(got->version) + '\n';
  for (const auto& n : got->nodes) {
    require(n.port != 0 && !(n.host.empty() && n.address.empty()) && is_name(n.host) && is_name(n.address));
    again += n.host + '|' + n.address + '|' + std::to_string(n.port) + ' ';
  }
  const auto same = cmemcache::protocol::parse_cluster_config(again);
  require(same && same->version == got->version && same->nodes == got->nodes);
  return 0;
}
