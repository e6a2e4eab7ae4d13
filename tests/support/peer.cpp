#include "support/peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <stdexcept>
#include <utility>

namespace cmemcache::test {

peer::peer(std::function<void(connection&, int)> behave, service how) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || ::pipe(stop_) != 0)
    throw std::runtime_error("peer: cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, behave = std::move(behave), how] { serve(behave, how); });
}

peer::~peer() {
  ::close(stop_[1]);
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
}

void peer::serve(const std::function<void(connection&, int)>& behave, service how) {
  std::vector<std::thread> threads;
  for (int number = 0;; ++number) {
    pollfd polled[] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(polled, 2, -1);
    if (polled[1].revents != 0) break;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++accepted_;
    {
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
    }
    if (how == service::in_turn) serve_one(behave, fd, number);
    else threads.emplace_back([this, &behave, fd, number] { serve_one(behave, fd, number); });
  }
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (auto& t : threads) t.join();
}

void peer::serve_one(const std::function<void(connection&, int)>& behave, int fd, int number) {
  // A test that ends leaves its clients to be closed first; nothing here waits for longer than that.
  const timeval patience{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connection c(fd);
  behave(c, number);
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

bool peer::connection::read_more() {
  char buffer[64 * 1024];
  const ssize_t more = ::recv(fd_, buffer, sizeof buffer, 0);
  if (more > 0) unread_.append(buffer, static_cast<std::size_t>(more));
  return more > 0;
}

std::string peer::connection::read_until(std::string_view end) {
  std::size_t at, searched = 0;
  while ((at = unread_.find(end, searched)) == unread_.npos) {
    searched = unread_.size() - std::min(unread_.size(), end.size());
    if (!read_more()) return std::exchange(unread_, {});
  }
  return read(at + end.size());
}

std::string peer::connection::read(std::size_t size) {
  while (unread_.size() < size && read_more()) {
  }
  std::string got = unread_.substr(0, size);
  unread_.erase(0, got.size());
  return got;
}

std::string peer::connection::read_for(int milliseconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd polled{fd_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&polled, 1, static_cast<int>(left.count())) <= 0 || !read_more()) break;
  }
  return std::exchange(unread_, {});
}

void peer::connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void peer::connection::drip(std::string_view bytes, int pause) {
  for (const char& byte : bytes) {
    if (::send(fd_, &byte, 1, MSG_NOSIGNAL) != 1) return;
    pollfd polled{fd_, POLLRDHUP, 0};
    if (::poll(&polled, 1, pause) != 0) return;
  }
}

void peer::connection::half_close() { ::shutdown(fd_, SHUT_WR); }

void peer::connection::wait_for_close() {
  char buffer[4096];
  while (::recv(fd_, buffer, sizeof buffer, 0) > 0) {
  }
}

void peer::connection::reset_on_close() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void peer::connection::relay(std::uint16_t port, std::size_t bytes, unsigned seed) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected = ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  std::mt19937 random(seed);
  const auto pick = [](std::mt19937& r, std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n)(r); };
  std::atomic<std::ptrdiff_t> left = connected ? static_cast<std::ptrdiff_t>(pick(random, bytes * 2)) : 0;
  if (pick(random, 1) == 0) reset_on_close();
  const auto pass = [&](int from, int to) {
    std::mt19937 sizes(seed + static_cast<unsigned>(from));
    std::vector<char> buffer(64 * 1024);
    while (left > 0) {
      const std::size_t most = std::min(static_cast<std::size_t>(left), pick(sizes, 3) == 0 ? pick(sizes, 20) : buffer.size());
      const ssize_t got = ::recv(from, buffer.data(), std::max<std::size_t>(most, 1), 0);
      if (got <= 0) break;
      for (ssize_t at = 0, sent = 0; at < got; at += sent)
        if (sent = ::send(to, buffer.data() + at, static_cast<std::size_t>(got - at), MSG_NOSIGNAL); sent <= 0) break;
      left -= got;
    }
    left = 0;
    ::shutdown(server, SHUT_RDWR);
    ::shutdown(fd_, SHUT_RD);  // the client is told by the close
  };
  std::thread back(pass, server, fd_);
  pass(fd_, server);
  back.join();
  ::close(server);
}

void peer::connection::greet(std::string_view version) {
  read_until("version\r\n");
  send("VERSION " + std::string(version) + "\r\n");
  if (!version.starts_with("1.6")) return;
  read_until("mn\r\n");
  send("MN\r\n");
}

unanswered_port::unanswered_port(const char* host, std::uint16_t port) : host_(host) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host, &address.sin_addr);
  socklen_t size = sizeof address;
  for (int i = 0; i < 5; ++i) {
    const int fd = sockets_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (i != 0) {
      ::connect(fd, reinterpret_cast<sockaddr*>(&address), size);
      continue;
    }
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 0) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("unanswered_port: cannot listen");
  }
  port_ = ntohs(address.sin_port);
}

unanswered_port::~unanswered_port() {
  for (const int fd : sockets_) ::close(fd);
}

}  // namespace cmemcache::test
