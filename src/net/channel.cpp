#include "net/channel.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "net/tls_error.hpp"

namespace cmemcache::net {

namespace {
constexpr std::size_t most_pieces = 32;  // of one send
}  // namespace

void channel::advance(bool ready, time_point now) {
  switch (state_) {
    case state::unconnected:
    case state::connecting: connect(ready, now); break;
    case state::shaking_hands:
      if (ready || now >= connect_by_) shake_hands(now);
      break;
    case state::open:
      if (!blocked_ || ready) flush();
      break;
    case state::closed: break;
  }
}

void channel::connect(bool ready, time_point now) {
  if (state_ == state::unconnected) connect_by_ = deadline_after(now, settings_.connect_timeout);
  state_ = state::connecting;
  connector_->advance(ready, now);
  if (connector_->failed()) return fail(connector_->error());
  if (!connector_->connected()) return;
  socket_ = connector_->take();
  connector_.reset();
  if (const error_code ec = socket_.set_up(std::min(settings_.timeout, longest_wait))) return fail(ec);
  if (settings_.tls == nullptr) return be_open();
  try {
    tls_ = std::make_unique<tls_stream>(*settings_.tls, socket_);
  } catch (const std::bad_alloc&) {
    return fail(errc::not_enough_memory);
  }
  state_ = state::shaking_hands;
  shake_hands(now);
}

void channel::shake_hands(time_point now) {
  const error_code ec = tls_->shake_hands();
  if (!ec) return be_open();
  if (!is_would_block(ec) && !is_interrupted(ec)) return fail(ec);
  if (now >= connect_by_) fail(tls_error(tls_trouble::handshake_timed_out));
}

void channel::be_open() {
  state_ = state::open;
  was_open_ = true;
  flush();
}

// iovec wants a pointer to bytes that may be changed, which sending never does.
void channel::flush() {
  blocked_ = false;
  std::array<session::session::piece, most_pieces> pieces;
  std::array<iovec, most_pieces> vectors;
  while (const std::size_t count = session_.output(pieces)) {
    for (std::size_t i = 0; i < count; ++i) vectors[i] = {const_cast<char*>(pieces[i].data), pieces[i].size};
    error_code ec;
    const std::size_t sent = send_some({vectors.data(), count}, ec);
    if (ec) {
      if (is_interrupted(ec)) continue;
      blocked_ = is_would_block(ec);
      if (!blocked_) fail(ec);
      return;
    }
    session_.wrote(sent);
    if (!session_.wants_write()) return;
  }
  if (tls_ != nullptr && tls_->has_output()) flush_tls();
}

// TLS may have something to say of its own.
void channel::flush_tls() {
  const error_code ec = tls_->flush();
  blocked_ = is_would_block(ec) || is_interrupted(ec);
  if (ec && !blocked_) fail(ec);
}

std::size_t channel::send_some(std::span<const iovec> pieces, error_code& ec) {
  if (tls_ == nullptr) return socket_.send_some(pieces, ec);
  const bool all = pieces.size() < most_pieces;  // there may be more, had they been as many
  const std::size_t sent = tls_->send_some(pieces, all, ec);
  if (ec && !is_would_block(ec) && !is_interrupted(ec)) ec = tls_->reason_of(ec);
  return sent;
}

error_code channel::receive(bool wait) { return receive(wait ? tls_stream::reading::waits : tls_stream::reading::some); }

error_code channel::receive(tls_stream::reading how) {
  const auto places = session_.input();
  std::array<iovec, 2> vectors;
  std::size_t count = 0;
  for (const std::span<char> place : {places.value, places.buffer})
    if (!place.empty()) vectors[count++] = {place.data(), place.size()};
  error_code ec;
  const std::span<const iovec> used(vectors.data(), count);
  const std::size_t got = tls_ != nullptr                    ? tls_->receive(used, how, ec)
                          : how == tls_stream::reading::waits ? socket_.receive(used, ec)
                                                              : socket_.receive_some(used, ec);
  if (!ec) ec = session_.received(got);
  const bool nothing_came = is_interrupted(ec) || is_would_block(ec);
  if (ec && !nothing_came) fail(ec);
  else if (tls_ != nullptr && tls_->has_output() && !blocked_) flush();
  return ec;
}

short channel::events() const noexcept {
  if (state_ == state::connecting) return connector_->events();
  if (state_ == state::shaking_hands) return tls_->has_output() ? POLLOUT : POLLIN;
  return blocked_ ? POLLIN | POLLOUT : POLLIN;
}

void channel::fail(error_code ec) noexcept {
  state_ = state::closed;
  error_ = ec;
  session_.fail(ec);
  // Descriptors stay until the channel goes: whoever waits for them is told first, and may_have_taken_beyond() has a question.
}

bool channel::may_have_taken_beyond(std::uint64_t bytes) const noexcept {
  if (!socket_.is_open()) return false;
  return tls_ == nullptr ? socket_.may_have_taken_beyond(bytes) : tls_->may_have_taken_beyond(bytes);
}

}  // namespace cmemcache::net
