#include "net/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cmemcache::net {

namespace {

error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

// One place is the common case, and recv is a cheaper call than recvmsg.
std::size_t receive_with(int fd, std::span<const iovec> places, int flags, error_code& ec) noexcept {
  ssize_t got;
  if (places.size() == 1) {
    got = ::recv(fd, places[0].iov_base, places[0].iov_len, flags);
  } else {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(places.data());
    message.msg_iovlen = places.size();
    got = ::recvmsg(fd, &message, flags);
  }
  if (got < 0) {
    ec = last_error();
    return 0;
  }
  ec.clear();
  return static_cast<std::size_t>(got);
}

}  // namespace

socket socket::connect(const endpoint& to, bool& in_progress, error_code& ec) noexcept {
  socket s(::socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  in_progress = false;
  ec.clear();
  if (!s.is_open()) {
    ec = last_error();
  } else if (::connect(s.fd_, reinterpret_cast<const sockaddr*>(&to.address), to.size) != 0) {
    // EINTR: the connection is being made all the same. EAGAIN: a unix socket whose backlog is full.
    if (errno == EINPROGRESS || errno == EINTR) in_progress = true;
    else ec = last_error();
  }
  return s;
}

error_code socket::connect_result() const noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return last_error();
  if (error == 0 && is_connected_to_itself()) error = ECONNREFUSED;
  return {error, boost::system::system_category()};
}

bool socket::is_decided() const noexcept {
  pollfd polled{fd_, POLLOUT, 0};
  return ::poll(&polled, 1, 0) > 0;
}

bool socket::is_connected_to_itself() const noexcept {
  sockaddr_storage ours{}, theirs{};
  socklen_t size = sizeof ours, their_size = sizeof theirs;
  return ::getsockname(fd_, reinterpret_cast<sockaddr*>(&ours), &size) == 0 && ours.ss_family != AF_UNIX &&
         ::getpeername(fd_, reinterpret_cast<sockaddr*>(&theirs), &their_size) == 0 && size == their_size &&
         std::memcmp(&ours, &theirs, size) == 0;
}

error_code socket::set_up(milliseconds limit) noexcept {
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // a unix socket has none, and needs none
  timeval wait{};
  wait.tv_sec = static_cast<time_t>(limit.count() / 1000);
  wait.tv_usec = static_cast<suseconds_t>(limit.count() % 1000 * 1000);
  if (::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0) return last_error();
  const int flags = ::fcntl(fd_, F_GETFL);
  if (flags < 0 || ::fcntl(fd_, F_SETFL, flags & ~O_NONBLOCK) < 0) return last_error();
  return {};
}

std::size_t socket::send_some(std::span<const iovec> pieces, error_code& ec) noexcept {
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  ssize_t sent;
  if (pieces.size() == 1) {
    sent = ::send(fd_, pieces[0].iov_base, pieces[0].iov_len, flags);
  } else {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    sent = ::sendmsg(fd_, &message, flags);
  }
  if (sent < 0) {
    ec = last_error();
    return 0;
  }
  ec.clear();
  return static_cast<std::size_t>(sent);
}

std::size_t socket::receive(std::span<const iovec> places, error_code& ec) noexcept {
  return receive_with(fd_, places, 0, ec);
}

std::size_t socket::receive_some(std::span<const iovec> places, error_code& ec) noexcept {
  return receive_with(fd_, places, MSG_DONTWAIT, ec);
}

bool socket::has_input() const noexcept {
  char byte;
  return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || !is_would_block(last_error());
}

bool socket::may_have_taken_beyond(std::uint64_t before) const noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return true;
  if (size < offsetof(tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked) return true;
  constexpr std::uint8_t closed = 7;  // TCP_CLOSE, where the reset leads
  return info.tcpi_state != closed || info.tcpi_bytes_acked > before + 1;  // the handshake counts for one
}

void socket::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void wait_ready(std::span<pollfd> sockets, time_point deadline, error_code& ec) noexcept {
  const int timeout = deadline == time_point::max() ? -1 : poll_timeout(deadline, steady_clock::now());
  ec = ::poll(sockets.data(), sockets.size(), timeout) < 0 ? last_error() : error_code();
}

bool is_would_block(const error_code& ec) noexcept {
  return ec.category() == boost::system::system_category() && (ec.value() == EAGAIN || ec.value() == EWOULDBLOCK);
}

bool is_interrupted(const error_code& ec) noexcept {
  return ec.category() == boost::system::system_category() && ec.value() == EINTR;
}

}  // namespace cmemcache::net
