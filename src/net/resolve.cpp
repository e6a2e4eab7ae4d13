#include "net/resolve.hpp"

#include <algorithm>

#include "net/lookup.hpp"

namespace cmemcache::net {

std::vector<endpoint> resolve(const server& where, name_watch& names, time_point deadline, const interruption& stop,
                              error_code& ec) {
  ec.clear();
  if (auto known = known_addresses(where)) return std::move(*known);
  lookup asked(where);
  while (!asked.finished()) {
    const time_point now = steady_clock::now();
    if (now >= deadline) ec = errc::timed_out;
    else if (stop()) ec = errc::interrupted;
    if (ec) return {};
    pollfd finished{asked.fd(), POLLIN, 0};
    error_code interrupted;  // whatever ended the wait is looked at above
    wait_ready({&finished, 1}, std::min(deadline, now + longest_wait), interrupted);
  }
  std::vector<endpoint> found = names.found(asked.take(), steady_clock::now());
  if (found.empty()) ec = errc::host_not_found;
  return found;
}

}  // namespace cmemcache::net
