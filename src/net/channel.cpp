#include "net/channel.hpp"

#include <poll.h>

#include <algorithm>
#include <array>

namespace cmemcache::net {

void channel::advance(bool ready, time_point now) {
  switch (state_) {
    case state::unconnected:
    case state::connecting: connect(ready, now); break;
    case state::open:
      if (!blocked_ || ready) flush();
      break;
    case state::closed: break;
  }
}

void channel::connect(bool ready, time_point now) {
  state_ = state::connecting;
  connector_->advance(ready, now);
  if (connector_->failed()) return fail(connector_->error());
  if (!connector_->connected()) return;
  socket_ = connector_->take();
  connector_.reset();
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
  if (is_connecting()) return connector_->events();
  return blocked_ ? POLLIN | POLLOUT : POLLIN;
}

void channel::fail(error_code ec) noexcept {
  state_ = state::closed;
  error_ = ec;
  session_.fail(ec);
  // Descriptors stay until the channel goes: whoever waits for them is told first, and may_have_taken_beyond() has a question.
}

bool channel::may_have_taken_beyond(std::uint64_t bytes) const noexcept {
  return socket_.is_open() && socket_.may_have_taken_beyond(bytes);
}

}  // namespace cmemcache::net
