#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <cmemcache/error.hpp>

#include "net/deadline.hpp"

namespace cmemcache::net {

/// An address to connect to. Value type.
struct endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};

/// One stream socket, TCP or unix, and the system calls on it: the only file of the blocking path that makes them.
/// Resource type, move-only. Every function reports its error and does nothing else: no retry on EINTR, no waiting
/// but in receive() and wait_ready().
class socket {
 public:
  socket() = default;
  /// Takes the descriptor over.
  explicit socket(int fd) noexcept : fd_(fd) {}
  socket(socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  socket& operator=(socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~socket() { close(); }

  /// Starts connecting, without waiting. in_progress: poll for writing, or ask is_decided(); then connect_result() says.
  static socket connect(const endpoint& to, bool& in_progress, error_code& ec) noexcept;
  bool is_decided() const noexcept;
  /// A port that nobody listens on may be given to the very socket that looks for it, which is then connected to itself: that
  /// is connection_refused, too.
  error_code connect_result() const noexcept;

  /// Makes a connected socket ready for send_some and receive: receive() gives up after `limit`.
  error_code set_up(milliseconds limit) noexcept;

  /// Writes what the kernel takes now. would_block when it takes nothing.
  std::size_t send_some(std::span<const iovec> pieces, error_code& ec) noexcept;

  /// Reads what is there, waiting for the first byte until the limit of set_up(): would_block then. 0 and no error: the
  /// end of the stream.
  std::size_t receive(std::span<const iovec> places, error_code& ec) noexcept;

  /// Reads what is there now. would_block when nothing is.
  std::size_t receive_some(std::span<const iovec> places, error_code& ec) noexcept;

  /// Whether a receive would return at once: bytes, the end of the stream, or an error.
  bool has_input() const noexcept;

  /// Of a connection that has ended: whether the peer may have taken bytes beyond the first `before` that were sent. False only
  /// when it has refused what came after its end (with a reset), and had not acknowledged them: one that has only shut down
  /// its own side may go on reading. True when nobody knows.
  bool may_have_taken_beyond(std::uint64_t before) const noexcept;

  void close() noexcept;
  bool is_open() const noexcept { return fd_ >= 0; }
  int fd() const noexcept { return fd_; }

 private:
  bool is_connected_to_itself() const noexcept;

  int fd_ = -1;
};

/// Waits until one of `sockets` is ready or `deadline` has passed.
void wait_ready(std::span<pollfd> sockets, time_point deadline, error_code& ec) noexcept;

bool is_would_block(const error_code& ec) noexcept;
bool is_interrupted(const error_code& ec) noexcept;

}  // namespace cmemcache::net
