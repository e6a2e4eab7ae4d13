#include "support/proxied_connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cmemcache::test {

namespace {

using kind = fault::kind;

/// More than this is left in the kernel, so that whoever sends it feels it.
constexpr std::size_t most_waiting = 256 * 1024;

/// Written at one turn, a byte at a time, before the other connections have theirs.
constexpr int bytes_at_a_turn = 256;

/// How long a reply waits to be swapped with the next.
constexpr std::chrono::milliseconds swap_patience{20};

thread_local char buffer[256 * 1024];

void no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

proxied_connection::proxied_connection(int client, std::uint16_t server_port, fault_state& state)
    : state_(state), client_(client), server_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  no_delay(client_);
  no_delay(server_);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server_port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(server_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) connecting_ = false;
  else if (errno != EINPROGRESS) end(ending::reset);
}

proxied_connection::~proxied_connection() {
  // A close with bytes unread would be a reset.
  for (int i = 0; i < 16 && ::recv(client_, buffer, sizeof buffer, 0) > 0; ++i) {
  }
  ::close(client_);
  ::close(server_);
}

void proxied_connection::wait_for(pollfd& client, pollfd& server) const {
  client = {client_, 0, 0};
  server = {server_, 0, 0};
  if (!stalled_) {
    if (!client_ended_ && !connecting_ && up_.size() < most_waiting) client.events |= POLLIN;
    if (client_full_) client.events |= POLLOUT;
    if (connecting_ || !up_.empty()) server.events |= POLLOUT;
    if (!server_ended_ && !connecting_ && queued_ < most_waiting) server.events |= POLLIN;
  }
  // Asked for nothing, poll would still report that the other end is gone, at once and again and again.
  if (client.events == 0) client.fd = -1;
  if (server.events == 0) server.fd = -1;
}

proxied_connection::clock::time_point proxied_connection::due() const {
  clock::time_point at = clock::time_point::max();
  if (stalled_) return at;
  if (!held_.empty()) at = held_until_;
  if (!client_full_ && !queue_.empty()) at = std::min(at, queue_.front().due);
  return at;
}

void proxied_connection::move(short client_events, short server_events) {
  if (stalled_ || over_) return;
  const auto now = clock::now();
  if (connecting_ && server_events != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(server_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return end(ending::reset);
    connecting_ = false;
  } else {
    if (client_events & (POLLIN | POLLHUP | POLLERR)) read_client();
    if (server_events & (POLLIN | POLLHUP | POLLERR)) read_server(now);
  }
  if (!over_ && !connecting_ && !up_.empty()) write_server();
  if (!held_.empty() && (held_until_ <= now || server_ended_)) {
    ++state_.replies;
    pass(std::exchange(held_, {}));
  }
  if (!over_ && !queue_.empty()) write_client(now);
  if (server_ended_ && queue_.empty()) over_ = true;
}

void proxied_connection::release() {
  pass(std::exchange(held_, {}));
  pass(std::exchange(reply_, {}));
  collecting_ = false;
  for (piece& p : queue_) p.due = {}, p.one_by_one = false;
}

void proxied_connection::reset_on_close() {
  const linger now{1, 0};
  ::setsockopt(client_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void proxied_connection::read_client() {
  const ssize_t got = ::recv(client_, buffer, sizeof buffer, 0);
  if (got > 0) {
    up_.append(buffer, static_cast<std::size_t>(got));
  } else if (got == 0) {
    client_ended_ = true;
    if (up_.empty()) ::shutdown(server_, SHUT_WR);
  } else if (!would_wait()) {
    over_ = true;
  }
}

void proxied_connection::write_server() {
  const ssize_t sent = ::send(server_, up_.data(), up_.size(), MSG_NOSIGNAL);
  if (sent >= 0) up_.erase(0, static_cast<std::size_t>(sent));
  else if (!would_wait()) return end(ending::reset);
  if (up_.empty() && client_ended_) ::shutdown(server_, SHUT_WR);
}

void proxied_connection::read_server(clock::time_point now) {
  const ssize_t got = ::recv(server_, buffer, sizeof buffer, 0);
  if (got > 0) {
    if (!muted_) sort({buffer, static_cast<std::size_t>(got)}, now);
  } else if (got == 0) {
    server_ended_ = true;
    pass(std::exchange(reply_, {}));
  } else if (!would_wait()) {
    end(ending::reset);
  }
}

void proxied_connection::sort(std::string_view bytes, clock::time_point now) {
  while (!bytes.empty() && !muted_) {
    if (cutter_.between_replies()) collecting_ = hits_replies(state_.now.what);
    const std::size_t size = cutter_.take(bytes);
    if (collecting_) reply_.append(bytes.substr(0, size));
    else pass(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (!cutter_.between_replies()) return;
    if (collecting_) meet(std::exchange(reply_, {}), now);
    else ++state_.replies;
  }
}

void proxied_connection::meet(std::string reply, clock::time_point now) {
  const fault& f = state_.now;
  if (!held_.empty()) {
    ++state_.faults;
    pass(reply);
    return pass(std::exchange(held_, {}));
  }
  const auto other = altered(f.what, reply);
  if ((alters(f.what) && !other) || ++state_.met % f.every != 0) {
    ++state_.replies;
    return pass(reply);
  }
  if (f.what == kind::swap) {
    held_ = std::move(reply);
    held_until_ = now + swap_patience;
    return;
  }
  ++state_.faults;
  if (other) return pass(*other);
  piece p{.bytes = std::move(reply), .due = now};
  if (f.what == kind::swallow) return;
  if (f.what == kind::delay) p.due += f.time;
  if (f.what == kind::drip || f.what == kind::one_byte) p.one_by_one = true;
  if (f.what == kind::drip) p.pause = f.time;
  if (f.what == kind::close) p.then = ending::close;
  if (f.what == kind::reset) p.then = ending::reset;
  if (f.what == kind::half_close) p.then = ending::half_close;
  if (p.then != ending::none) {
    p.bytes.resize(p.bytes.size() / 2);
    muted_ = true;
  }
  queued_ += p.bytes.size();
  queue_.push_back(std::move(p));
}

void proxied_connection::pass(std::string_view bytes) {
  if (bytes.empty()) return;
  const bool plain = !queue_.empty() && queue_.back().due == clock::time_point{} && queue_.back().then == ending::none;
  if (plain) queue_.back().bytes.append(bytes);
  else queue_.push_back({.bytes = std::string(bytes)});
  queued_ += bytes.size();
}

void proxied_connection::write_client(clock::time_point now) {
  client_full_ = false;
  for (int turns = 0; !queue_.empty() && queue_.front().due <= now && turns < bytes_at_a_turn; ++turns) {
    piece& p = queue_.front();
    if (const std::size_t left = p.bytes.size() - p.sent; left > 0) {
      const ssize_t sent = ::send(client_, p.bytes.data() + p.sent, p.one_by_one ? 1 : left, MSG_NOSIGNAL);
      if (sent < 0) {
        client_full_ = would_wait();
        over_ = !client_full_;
        return;
      }
      p.sent += static_cast<std::size_t>(sent);
      queued_ -= static_cast<std::size_t>(sent);
      if (p.one_by_one) p.due = now + p.pause;
      if (p.sent < p.bytes.size()) continue;
    }
    const ending then = p.then;
    queue_.pop_front();
    if (then != ending::none) return end(then);
  }
}

void proxied_connection::end(ending how) {
  if (how == ending::reset) reset_on_close();
  if (how == ending::half_close) ::shutdown(client_, SHUT_WR);
  else over_ = true;
}

}  // namespace cmemcache::test
