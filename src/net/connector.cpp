#include "net/connector.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>

namespace cmemcache::net {

connector::connector(std::vector<endpoint> addresses, milliseconds timeout)
    : addresses_(std::move(addresses)),
      timeout_(timeout),
      stagger_(std::clamp(timeout / static_cast<int>(addresses_.size() + 1), shortest_stagger, longest_stagger)) {
  attempts_.reserve(addresses_.size());
}

connector::~connector() { abandon(); }

void connector::advance(bool ready, time_point now) {
  if (connected() || failed_) return;
  if (next_ == 0) deadline_ = deadline_after(now, timeout_);
  if (ready && look_at_attempts()) next_at_ = now;
  // One at once where none is under way, another beside it when its time has come.
  while (!connected() && has_next() && (attempts_.empty() || now >= next_at_)) begin_next(now);
  if (connected()) return drop_attempts();
  if (attempts_.empty()) {
    failed_ = true;
    if (!error_) error_ = errc::host_not_found;
  } else if (now >= deadline_) {
    failed_ = true;
    error_ = errc::timed_out;
    drop_attempts();
  }
}

void connector::begin_next(time_point now) {
  bool in_progress = false;
  socket attempt = socket::connect(addresses_[next_++], in_progress, error_);
  if (error_) return;
  if (!in_progress && !look_at(attempt)) return;
  if (connected()) return;
  next_at_ = deadline_after(now, stagger_);
  if (!attempts_.empty() && !join(attempt)) {  // no descriptor to wait for two with: this one later, alone
    --next_;
    next_at_ = time_point::max();
    return;
  }
  attempts_.push_back(std::move(attempt));
}

// The descriptor that stands for several, from the second attempt on.
bool connector::join(const socket& attempt) noexcept {
  const auto add = [this](const socket& s) {
    epoll_event writable{};
    writable.events = EPOLLOUT;
    return ::epoll_ctl(several_, EPOLL_CTL_ADD, s.fd(), &writable) == 0;
  };
  if (several_ < 0) {
    several_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (several_ < 0) return false;
    if (!std::ranges::all_of(attempts_, add)) {
      ::close(std::exchange(several_, -1));
      return false;
    }
  }
  return add(attempt);
}

// Whether one has failed.
bool connector::look_at_attempts() {
  const bool alone = attempts_.size() == 1;
  return std::erase_if(attempts_, [&](socket& s) {
    if (connected() || (!alone && !s.is_decided()) || look_at(s)) return false;
    // By hand: where a forked child has a copy of it, closing would not take it out.
    if (several_ >= 0) ::epoll_ctl(several_, EPOLL_CTL_DEL, s.fd(), nullptr);
    return true;
  }) != 0;
}

// Of an attempt that has been decided: false when it failed.
bool connector::look_at(socket& attempt) {
  error_ = attempt.connect_result();
  if (error_) return false;
  winner_ = std::move(attempt);
  return true;
}

void connector::drop_attempts() noexcept {
  attempts_.clear();
  if (several_ >= 0) ::close(std::exchange(several_, -1));
}

void connector::abandon() noexcept {
  drop_attempts();
  winner_.close();
}

int connector::fd() const noexcept {
  if (several_ >= 0) return several_;
  return attempts_.empty() ? -1 : attempts_.front().fd();
}

short connector::events() const noexcept { return several_ >= 0 ? POLLIN : POLLOUT; }

time_point connector::wake_at() const noexcept { return has_next() ? std::min(next_at_, deadline_) : deadline_; }

}  // namespace cmemcache::net
