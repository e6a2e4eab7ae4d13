#include "server_sink.hpp"

#include <algorithm>
#include <new>

namespace cmemcache {

void server_sink::filed(std::uint32_t, const item& got) noexcept {
  if (got.value.empty()) return;
  try {
    stat("version", got.value);
  } catch (const std::bad_alloc&) {
    // The server is listed without its text.
  }
}

std::vector<server_stats> answers_of(const server_pool& servers, std::span<server_sink> sinks,
                                     std::span<const failure> failures) {
  std::vector<server_stats> out;
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    const std::string& name = servers[i].where.text;
    if (std::ranges::find(failures, name, &failure::server) != failures.end()) continue;
    sinks[i].answer.server = name;
    out.push_back(std::move(sinks[i].answer));
  }
  return out;
}

}  // namespace cmemcache
