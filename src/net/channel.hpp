#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <cmemcache/error.hpp>

#include "net/deadline.hpp"
#include "net/socket.hpp"
#include "session/session.hpp"

namespace cmemcache::net {

/// One connection: a socket and its session, moved along by whoever waits for the socket: a blocked caller's thread, or
/// a reactor.
///
///     unconnected ─▶ connecting (one address after another) ─▶ open ─▶ closed
///
/// It never waits but in receive(true); see direct_exchange.hpp for a loop that does. Any error fails
/// everything in the session and closes the socket. Resource type; one thread at a time.
class channel {
 public:
  struct settings {
    session::session_options session;
    milliseconds connect_timeout{1000};
    milliseconds timeout{3000};
  };

  channel(std::vector<endpoint> addresses, const settings& s)
      : addresses_(std::move(addresses)), settings_(s), session_(s.session) {}

  session::session& session() noexcept { return session_; }
  const session::session& session() const noexcept { return session_; }

  bool is_open() const noexcept { return state_ == state::open; }
  bool is_closed() const noexcept { return state_ == state::closed; }
  /// Whether it ever was open: a channel that fails before has not reached its server.
  bool was_open() const noexcept { return was_open_; }
  /// What closed it.
  const error_code& error() const noexcept { return error_; }

  /// Connects a step further, or writes what the kernel takes now. `ready`: poll reported what events() asked for.
  void advance(bool ready, time_point now);

  /// Reads what is there. `wait`: for the first byte, up to the settings' timeout or longest_wait. EINTR and would_block
  /// are returned, with nothing done.
  error_code receive(bool wait);

  /// What to poll the descriptor for.
  short events() const noexcept;
  int fd() const noexcept { return socket_.fd(); }

  /// Whether nothing can be done before the descriptor is writable: it connects, or the kernel takes no more.
  bool waits_to_write() const noexcept { return state_ == state::connecting || (state_ == state::open && blocked_); }

  /// When connecting to the present address is given up; the end of time when open.
  time_point connect_deadline() const noexcept { return state_ == state::connecting ? connect_deadline_ : time_point::max(); }

  /// Gives the connection up: everything in the session finishes with `ec`.
  void fail(error_code ec) noexcept;

  /// In a forked child: the descriptor is the parent's, and is closed without a word.
  void abandon() noexcept { socket_.close(); }

  /// Of an idle channel: whether the server has closed it, or sent what nobody asked for. One system call.
  bool is_stale() const noexcept { return socket_.has_input(); }

  /// Whether the server may have received something beyond the first `bytes` that were written. See socket.
  bool acknowledged_beyond(std::uint64_t bytes) const noexcept;

 private:
  enum class state { unconnected, connecting, open, closed };

  void connect_next(time_point now);
  void opened();
  void flush();

  std::vector<endpoint> addresses_;
  std::size_t next_address_ = 0;
  const settings settings_;
  socket socket_;
  session::session session_;
  state state_ = state::unconnected;
  bool was_open_ = false;
  bool blocked_ = false;   // the kernel took no more
  time_point connect_deadline_{};
  error_code connect_error_;
  error_code error_;
};

}  // namespace cmemcache::net
