#include "net/channel.hpp"

#include <poll.h>

#include <algorithm>
#include <array>

namespace cmemcache::net {

void channel::advance(bool ready, time_point now) {
  switch (state_) {
    case state::unconnected: connect_next(now); break;
    case state::connecting:
      if (ready) {
        connect_error_ = socket_.connect_result();
        connect_error_ ? connect_next(now) : opened();
      } else if (now >= connect_deadline_) {
        connect_error_ = errc::timed_out;
        connect_next(now);
      }
      break;
    case state::open:
      if (!blocked_ || ready) flush();
      break;
    case state::closed: break;
  }
}

void channel::connect_next(time_point now) {
  while (next_address_ < addresses_.size()) {
    bool in_progress = false;
    socket_ = socket::connect(addresses_[next_address_++], in_progress, connect_error_);
    if (connect_error_) continue;
    if (!in_progress) return opened();
    state_ = state::connecting;
    connect_deadline_ = deadline_after(now, settings_.connect_timeout);
    return;
  }
  fail(connect_error_ ? connect_error_ : error_code(errc::host_not_found));
}

void channel::opened() {
  if (const error_code ec = socket_.set_up(std::min(settings_.timeout, longest_wait))) return fail(ec);
  state_ = state::open;
  was_open_ = true;
  flush();
}

// iovec wants a pointer to bytes that may be changed, which sending never does.
void channel::flush() {
  blocked_ = false;
  std::array<session::session::piece, 32> pieces;
  std::array<iovec, 32> vectors;
  while (const std::size_t count = session_.output(pieces)) {
    for (std::size_t i = 0; i < count; ++i) vectors[i] = {const_cast<char*>(pieces[i].data), pieces[i].size};
    error_code ec;
    const std::size_t sent = socket_.send_some({vectors.data(), count}, ec);
    if (ec) {
      if (is_interrupted(ec)) continue;
      blocked_ = is_would_block(ec);
      if (!blocked_) fail(ec);
      return;
    }
    session_.wrote(sent);
    if (!session_.wants_write()) return;
  }
}

error_code channel::receive(bool wait) {
  const auto places = session_.input();
  std::array<iovec, 2> vectors;
  std::size_t count = 0;
  for (const std::span<char> place : {places.value, places.buffer})
    if (!place.empty()) vectors[count++] = {place.data(), place.size()};
  error_code ec;
  const std::span<const iovec> used(vectors.data(), count);
  const std::size_t got = wait ? socket_.receive(used, ec) : socket_.receive_some(used, ec);
  if (!ec) ec = session_.received(got);
  else if (is_interrupted(ec) || is_would_block(ec)) return ec;
  if (ec) fail(ec);
  return ec;
}

short channel::events() const noexcept {
  if (state_ == state::connecting) return POLLOUT;
  return blocked_ ? POLLIN | POLLOUT : POLLIN;
}

void channel::fail(error_code ec) noexcept {
  state_ = state::closed;
  error_ = ec;
  session_.fail(ec);
  // The descriptor stays until the channel goes: acknowledged_beyond() still has a question for it.
}

bool channel::acknowledged_beyond(std::uint64_t bytes) const noexcept {
  return socket_.is_open() && socket_.acknowledged_beyond(bytes);
}

}  // namespace cmemcache::net
