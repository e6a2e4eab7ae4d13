#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <cmemcache/error.hpp>

#include "net/connector.hpp"
#include "net/deadline.hpp"
#include "net/socket.hpp"
#include "net/tls_stream.hpp"
#include "session/session.hpp"

namespace cmemcache::net {

/// One connection: a socket and its session, and TLS between the two where that is wanted, moved along by whoever waits for the
/// socket: a blocked caller's thread, or a reactor.
///
///     unconnected ─▶ connecting (see connector) ─▶ shaking hands (TLS) ─▶ open ─▶ closed
///
/// It never waits but in receive(true); see direct_exchange.hpp for a loop that does. Any error fails
/// everything in the session and closes the socket. Resource type; one thread at a time.
class channel {
 public:
  struct settings {
    session::session_options session;
    milliseconds connect_timeout{1000};  ///< the handshake included
    milliseconds timeout{3000};
    tls_peer* tls = nullptr;             ///< the server as TLS knows it; none: plain text. Outlives the channel
  };

  channel(std::vector<endpoint> addresses, const settings& s)
      : settings_(s), session_(s.session) {
    connector_.emplace(std::move(addresses), s.connect_timeout);
  }

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

  /// Whether there is more to read that has left the socket already, so that nobody need be told of it: receive_held() reads that,
  /// and nothing else.
  bool has_more() const noexcept { return tls_ != nullptr && tls_->has_more() && is_open(); }
  error_code receive_held() { return receive(tls_stream::reading::held); }

  /// What to poll the descriptor for. While it connects the descriptor may be another after each advance().
  short events() const noexcept;
  int fd() const noexcept { return state_ == state::connecting ? connector_->fd() : socket_.fd(); }
  bool is_connecting() const noexcept { return state_ == state::connecting || state_ == state::shaking_hands; }

  /// The same for who does not poll: whether anything is to be read, or written that cannot be now.
  bool waits_to_read() const noexcept { return (events() & POLLIN) != 0 && (is_connecting() || session_.wants_read()); }
  bool waits_to_write() const noexcept { return (events() & POLLOUT) != 0; }

  /// When advance() is due even if the descriptor is not ready; the end of time when open.
  time_point wake_at() const noexcept {
    if (state_ == state::connecting) return connector_->wake_at();
    return state_ == state::shaking_hands ? connect_by_ : time_point::max();
  }

  /// How it is secured, for people; nothing for plain text.
  std::string security() const { return tls_ != nullptr ? tls_->description() : std::string(); }

  /// Gives the connection up: everything in the session finishes with `ec`.
  void fail(error_code ec) noexcept;

  /// In a forked child: the descriptor is the parent's, and is closed without a word.
  void abandon() noexcept {
    if (connector_) connector_->abandon();
    socket_.close();
  }

  /// It is about to be used at `now`. Whether it must not be: the server has closed it, or sent what nobody asked for. `idle`: it
  /// served before, and nothing is under way. It is looked at, which is a system call, when it has rested; what is found so can
  /// be put right by a new connection, whatever the verb, while what is found later may leave a store in doubt, or an answer
  /// that nobody asked for in the place of one that somebody did. And always without a reply (`noreply`): nothing would tell
  /// then, and the request be lost in silence.
  bool is_stale(time_point now, bool idle, bool noreply) noexcept {
    const bool rested = now - std::exchange(used_at_, now) > rest;
    return idle && (rested || noreply) && (tls_ == nullptr ? socket_.has_input() : tls_->has_input());
  }
  static constexpr milliseconds rest{1};

  /// Whether the server may have received something beyond the first `bytes` that were written. See socket.
  bool may_have_taken_beyond(std::uint64_t bytes) const noexcept;

 private:
  enum class state { unconnected, connecting, shaking_hands, open, closed };

  void connect(bool ready, time_point now);
  void shake_hands(time_point now);
  void be_open();
  void flush();
  void flush_tls();
  std::size_t send_some(std::span<const iovec> pieces, error_code& ec);
  error_code receive(tls_stream::reading how);

  const settings settings_;
  std::optional<connector> connector_;   // until connected, or closed
  socket socket_;
  std::unique_ptr<tls_stream> tls_;      // on socket_
  session::session session_;
  state state_ = state::unconnected;
  bool was_open_ = false;
  bool blocked_ = false;   // the kernel took no more
  time_point connect_by_{};
  time_point used_at_{};
  error_code error_;
};

}  // namespace cmemcache::net
