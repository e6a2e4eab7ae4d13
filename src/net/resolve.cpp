#include "net/resolve.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace cmemcache::net {

namespace {

template <class Address>
endpoint make_endpoint(const Address& address) noexcept {
  endpoint out;
  static_assert(sizeof address <= sizeof out.address);
  std::memcpy(&out.address, &address, sizeof address);
  out.size = sizeof address;
  return out;
}

endpoint unix_endpoint(const std::string& path) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return make_endpoint(address);
}

std::optional<endpoint> numeric_endpoint(const server& where) noexcept {
  if (in_addr v4; where.kind != server::transport::tcp6 && ::inet_pton(AF_INET, where.host.c_str(), &v4) == 1) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(where.port);
    address.sin_addr = v4;
    return make_endpoint(address);
  }
  if (in6_addr v6; where.kind == server::transport::tcp6 && ::inet_pton(AF_INET6, where.host.c_str(), &v6) == 1) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(where.port);
    address.sin6_addr = v6;
    return make_endpoint(address);
  }
  return {};
}

// Shared by the caller and the thread that looks up, so that either may leave first.
struct lookup {
  std::mutex mutex;
  std::condition_variable finished;
  bool done = false;
  std::vector<endpoint> found;
};

std::vector<endpoint> ask_system(const server& where) {
  addrinfo hints{};
  hints.ai_family = where.kind == server::transport::tcp4   ? AF_INET
                    : where.kind == server::transport::tcp6 ? AF_INET6
                                                            : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  std::vector<endpoint> out;
  if (::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &list) != 0) return out;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    endpoint e;
    if (at->ai_addrlen > sizeof e.address) continue;
    std::memcpy(&e.address, at->ai_addr, at->ai_addrlen);
    e.size = at->ai_addrlen;
    out.push_back(e);
  }
  ::freeaddrinfo(list);
  return out;
}

}  // namespace

std::vector<endpoint> resolve(const server& where, time_point deadline, const interruption& stop, error_code& ec) {
  ec.clear();
  if (where.kind == server::transport::unix_socket) return {unix_endpoint(where.host)};
  if (const auto numeric = numeric_endpoint(where)) return {*numeric};

  const auto shared = std::make_shared<lookup>();
  std::thread([shared, where] {
    std::vector<endpoint> found = ask_system(where);
    const std::lock_guard lock(shared->mutex);
    shared->found = std::move(found);
    shared->done = true;
    shared->finished.notify_one();
  }).detach();

  std::unique_lock lock(shared->mutex);
  while (!shared->done) {
    // In slices: a signal does not end this wait, and the caller wants to hear of it.
    const time_point now = steady_clock::now();
    if (now >= deadline) ec = errc::timed_out;
    else if (stop()) ec = errc::interrupted;
    if (ec) return {};
    shared->finished.wait_until(lock, std::min(deadline, now + milliseconds(50)));
  }
  if (shared->found.empty()) ec = errc::host_not_found;
  return std::move(shared->found);
}

}  // namespace cmemcache::net
