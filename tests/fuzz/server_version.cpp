#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/server_version.hpp"

using namespace cmemcache::protocol;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const server_version found = parse_server_version(text);
  if (found.major < 0 || found.minor < 0 || found.patch < 0) std::abort();
  // What was read, written out, reads the same.
  const std::string again =
      std::to_string(found.major) + "." + std::to_string(found.minor) + "." + std::to_string(found.patch);
  if (parse_server_version(again) != found || parse_server_version(again + "-x") != found) std::abort();
  return 0;
}
