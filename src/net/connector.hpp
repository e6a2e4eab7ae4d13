#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <cmemcache/error.hpp>

#include "net/deadline.hpp"
#include "net/socket.hpp"

namespace cmemcache::net {

/// Connects to the first of a server's addresses that takes it, after RFC 8305 ("happy eyeballs"): the next address is
/// tried as soon as one fails, and beside those that are still being tried when a while has passed. The first connection
/// that is made wins, the others are closed.
///
///     127.0.0.1 ├──────────────▶ refused
///     ::1                       ├────────────────────▶
///     10.0.0.7                         ├────────────▶ connected: taken, and ::1 given up
///                                └ stagger ┘
///
/// It never waits. While one address is tried its descriptor is to be polled for writing, while several are, one epoll
/// descriptor for reading. Resource type; one thread at a time.
class connector {
 public:
  /// `addresses`: in the order in which they should be tried. `timeout`: over all of them.
  connector(std::vector<endpoint> addresses, milliseconds timeout);
  connector(connector&&) = delete;
  ~connector();

  /// Goes as far as can be gone without waiting. `ready`: the descriptor is, as events() asked.
  void advance(bool ready, time_point now);

  bool connected() const noexcept { return winner_.is_open(); }
  /// No address took it; error() is the last one's, or errc::timed_out.
  bool failed() const noexcept { return failed_; }
  const error_code& error() const noexcept { return error_; }

  /// The connection that was made.
  socket take() noexcept { return std::move(winner_); }

  int fd() const noexcept;
  /// POLLOUT or POLLIN, as fd() is one attempt's or stands for several.
  short events() const noexcept;

  /// When advance() is due, ready or not.
  time_point wake_at() const noexcept;

  /// In a forked child: the descriptors are the parent's.
  void abandon() noexcept;

  /// RFC 8305 section 5: "Connection Attempt Delay". Shortened where there would be no time for all of the addresses.
  static constexpr milliseconds longest_stagger{250};
  static constexpr milliseconds shortest_stagger{10};

 private:
  void begin_next(time_point now);
  bool look_at_attempts();
  bool look_at(socket& attempt);
  void drop_attempts() noexcept;
  bool join(const socket& attempt) noexcept;
  bool has_next() const noexcept { return next_ < addresses_.size(); }

  const std::vector<endpoint> addresses_;
  const milliseconds timeout_;
  const milliseconds stagger_;
  std::size_t next_ = 0;
  std::vector<socket> attempts_;
  int several_ = -1;                  // an epoll descriptor, once there was more than one attempt at a time
  time_point deadline_{};
  time_point next_at_{};
  socket winner_;
  bool failed_ = false;
  error_code error_;
};

}  // namespace cmemcache::net
