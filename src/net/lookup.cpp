#include "net/lookup.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <string>
#include <system_error>

#include "net/quiet_thread.hpp"

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

// RFC 8305 section 4: the families take turns, so that one that does not work here costs one attempt.
std::vector<endpoint> interleaved(std::vector<endpoint> all) {
  const auto of_first_family = [&, family = all.empty() ? 0 : all.front().address.ss_family](const endpoint& e) {
    return e.address.ss_family == family;
  };
  const auto others = std::stable_partition(all.begin(), all.end(), of_first_family);
  std::vector<endpoint> out;
  for (auto a = all.begin(), b = others; a != others || b != all.end();) {
    if (a != others) out.push_back(*a++);
    if (b != all.end()) out.push_back(*b++);
  }
  return out;
}

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
  return interleaved(std::move(out));
}

}  // namespace

std::optional<std::vector<endpoint>> known_addresses(const server& where) {
  if (where.kind == server::transport::unix_socket) return std::vector{unix_endpoint(where.host)};
  if (const auto numeric = numeric_endpoint(where)) return std::vector{*numeric};
  return {};
}

// Owned by the one who waits and by the thread that looks up; the descriptor is closed by the last.
struct lookup::shared {
  shared() : event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (event < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  }
  ~shared() { ::close(event); }

  void finish(std::vector<endpoint> addresses) noexcept {
    {
      const std::lock_guard lock(mutex);
      found = std::move(addresses);
      done = true;
    }
    ::eventfd_write(event, 1);
  }

  const int event;
  std::mutex mutex;
  bool done = false;
  std::vector<endpoint> found;
};

lookup::lookup(const server& where) : shared_(std::make_shared<shared>()) {
  quiet_thread([to = shared_, where] {
    std::vector<endpoint> found;
    try {
      found = ask_system(where);
    } catch (const std::bad_alloc&) {
      // Nobody is found.
    }
    to->finish(std::move(found));
  }).detach();
}

int lookup::fd() const noexcept { return shared_->event; }

bool lookup::finished() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->done;
}

std::vector<endpoint> lookup::take() {
  const std::lock_guard lock(shared_->mutex);
  return std::move(shared_->found);
}

}  // namespace cmemcache::net
