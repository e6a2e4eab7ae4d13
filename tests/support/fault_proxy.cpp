#include "support/fault_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace cmemcache::test {

namespace {

using kind = fault::kind;
using clock = proxied_connection::clock;

constexpr int queue_length = 512;

int loopback_socket(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("fault_proxy: cannot bind");
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

int milliseconds_until(clock::time_point due) {
  if (due == clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - clock::now()).count();
  return static_cast<int>(std::clamp<long>(left, 0, 60'000));
}

}  // namespace

fault_proxy::fault_proxy(std::uint16_t server_port)
    : server_port_(server_port), holder_(loopback_socket(0)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  port_ = port_of(holder_);
  listen();
  thread_ = std::thread([this] { run(); });
}

fault_proxy::~fault_proxy() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  ::eventfd_write(wake_, 1);
  thread_.join();
  for (const int fd : fillers_) ::close(fd);
  if (listener_ >= 0) ::close(listener_);
  ::close(holder_);
  ::close(wake_);
}

void fault_proxy::set(const fault& what) {
  std::unique_lock lock(mutex_);
  ordered_ = what;
  ordered_.every = std::max(what.every, 1u);
  const unsigned mine = ++orders_;
  ::eventfd_write(wake_, 1);
  done_.wait(lock, [&] { return obeyed_ >= mine; });
}

fault_proxy::statistics fault_proxy::stats() const { return {state_.connections, state_.replies, state_.faults}; }

void fault_proxy::run() {
  while (take_orders()) turn();
  connections_.clear();
}

bool fault_proxy::take_orders() {
  const std::lock_guard lock(mutex_);
  if (stop_) return false;
  if (obeyed_ != orders_) {
    enter(ordered_);
    obeyed_ = orders_;
    done_.notify_all();
  }
  return true;
}

void fault_proxy::turn() {
  std::vector<pollfd> polled(2 + 2 * connections_.size());
  polled[0] = {wake_, POLLIN, 0};
  polled[1] = {state_.now.what == kind::unanswered ? -1 : listener_, POLLIN, 0};
  clock::time_point due = clock::time_point::max();
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i]->wait_for(polled[2 + 2 * i], polled[3 + 2 * i]);
    due = std::min(due, connections_[i]->due());
  }
  ::poll(polled.data(), polled.size(), milliseconds_until(due));
  if (polled[0].revents != 0) {
    // What has arrived meanwhile is already the new fault's.
    eventfd_t count;
    ::eventfd_read(wake_, &count);
    return;
  }
  const bool timers = due <= clock::now();
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const short client = polled[2 + 2 * i].revents, server = polled[3 + 2 * i].revents;
    if (client != 0 || server != 0 || timers) connections_[i]->move(client, server);
  }
  std::erase_if(connections_, [](const auto& c) { return c->over(); });
  if (polled[1].revents != 0) accept_all();
}

void fault_proxy::enter(const fault& what) {
  if (state_.now.what == kind::unanswered) empty_queue();
  state_.now = what;
  state_.met = 0;
  if (what.what == kind::refuse) {
    if (listener_ >= 0) ::close(listener_);
    listener_ = -1;
    for (const auto& c : connections_) c->reset_on_close();
    connections_.clear();
  } else if (listener_ < 0) {
    listen();
  }
  if (what.what == kind::unanswered) fill_queue();
  if (!hits_replies(what.what) && what.what != kind::pass) ++state_.faults;
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i]->release();
    connections_[i]->stall(what.what == kind::stall && (i + 1) % what.every == 0);
  }
}

void fault_proxy::listen() {
  listener_ = loopback_socket(port_);
  if (::listen(listener_, queue_length) != 0) throw std::runtime_error("fault_proxy: cannot listen");
}

void fault_proxy::accept_all() {
  for (;;) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const int fd = ::accept4(listener_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    const auto ours = [&](int filler) { return port_of(filler) == ntohs(from.sin_port); };
    if (std::any_of(fillers_.begin(), fillers_.end(), ours)) {
      ::close(fd);
      continue;
    }
    const std::uint64_t number = ++state_.connections;
    connections_.push_back(std::make_unique<proxied_connection>(fd, server_port_, state_));
    connections_.back()->stall(state_.now.what == kind::stall && number % state_.now.every == 0);
  }
}

void fault_proxy::fill_queue() {
  accept_all();
  ::listen(listener_, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < 4; ++i) {
    fillers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(fillers_.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
}

void fault_proxy::empty_queue() {
  ::listen(listener_, queue_length);
  accept_all();
  for (const int fd : fillers_) ::close(fd);
  fillers_.clear();
}

}  // namespace cmemcache::test
