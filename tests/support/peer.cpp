#include "support/peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace cmemcache::test {

peer::peer(std::function<void(connection&, int)> behave) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || ::pipe(stop_) != 0)
    throw std::runtime_error("peer: cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, behave = std::move(behave)] { serve(behave); });
}

peer::~peer() {
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
}

void peer::serve(const std::function<void(connection&, int)>& behave) {
  for (int number = 0;; ++number) {
    pollfd polled[] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(polled, 2, -1);
    if (polled[1].revents != 0) return;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    // A test that ends leaves its clients to be closed first; nothing here waits for longer than that.
    const timeval patience{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connection c(fd);
    behave(c, number);
    ::close(fd);
  }
}

std::string peer::connection::read_until(std::string_view end) {
  std::string got;
  char byte;
  while (!got.ends_with(end) && ::recv(fd_, &byte, 1, 0) == 1) got += byte;
  return got;
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

void peer::connection::wait_for_close() {
  char buffer[4096];
  while (::recv(fd_, buffer, sizeof buffer, 0) > 0) {
  }
}

void peer::connection::reset_on_close() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void peer::connection::greet(std::string_view version) {
  read_until("version\r\n");
  send("VERSION " + std::string(version) + "\r\n");
}

}  // namespace cmemcache::test
