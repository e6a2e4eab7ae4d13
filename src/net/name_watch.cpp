#include "net/name_watch.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>
#include <utility>

namespace cmemcache::net {

namespace {

constexpr milliseconds until_finished{20};

bool is_same(const endpoint& a, const endpoint& b) noexcept {
  return a.size == b.size && std::memcmp(&a.address, &b.address, a.size) == 0;
}

}  // namespace

// The thread that looks up stays behind in a forked child's parent.
name_watch::name_watch(const server& where, milliseconds interval, std::function<void()> moved)
    : where_(where),
      interval_(known_addresses(where) ? milliseconds(0) : interval),
      moved_(std::move(moved)),
      mutex_([this] { static_cast<void>(running_.release()); }) {}

std::vector<endpoint> name_watch::found(std::vector<endpoint> addresses, time_point now) {
  bool moved = false;
  {
    const std::lock_guard lock(mutex_);
    next_look(now, interval_);
    if (addresses.empty()) return known_;
    moved = take_over(addresses);
  }
  if (moved && moved_) moved_();
  return addresses;
}

// Whether it has moved. Where a name has several addresses and each answer brings some of them, it often seems to: the
// connections are made anew then for nothing, once in an interval.
bool name_watch::take_over(std::vector<endpoint> addresses) {
  const auto is_gone = [&](const endpoint& old) {
    return std::ranges::none_of(addresses, [&](const endpoint& e) { return is_same(old, e); });
  };
  const bool moved = std::ranges::any_of(known_, is_gone);
  if (moved) version_.fetch_add(1, std::memory_order_release);
  known_ = std::move(addresses);
  return moved;
}

void name_watch::next_look(time_point now, milliseconds after) noexcept {
  if (interval_.count() == 0) return;
  next_.store(deadline_after(now, after).time_since_epoch().count(), std::memory_order_relaxed);
}

void name_watch::look_up(time_point now) noexcept {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;  // somebody else does
  bool moved = false;
  try {
    if (running_ == nullptr) running_ = std::make_unique<lookup>(where_);
    if (!running_->finished()) return next_look(now, until_finished);
    auto addresses = running_->take();
    if (!addresses.empty()) moved = take_over(std::move(addresses));
  } catch (const std::exception&) {  // no memory, no thread, no descriptor: another time
  }
  running_.reset();
  next_look(now, interval_);
  lock.unlock();
  if (moved && moved_) moved_();
}

}  // namespace cmemcache::net
