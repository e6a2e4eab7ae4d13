#include "net/direct_pool.hpp"

#include <algorithm>
#include <iterator>
#include <new>

#include "net/resolve.hpp"

namespace cmemcache::net {

direct_pool::direct_pool(server where, name_watch& names, const settings& s)
    : where_(std::move(where)), names_(names), settings_(s), mutex_([this] { drop_inherited(); }) {
  lent_.reserve(settings_.max_connections);
  idle_.reserve(settings_.max_connections);
}

direct_pool::~direct_pool() = default;

direct_pool::loan direct_pool::borrow(need what, time_point now, time_point deadline, const interruption& stop, bool& waited,
                                      error_code& ec) {
  ec.clear();
  loan out;
  out.pool_ = this;
  names_.look(now);
  std::vector<std::unique_ptr<channel>> passed_over;  // closed after the lock is released
  std::unique_lock<std::mutex> lock(mutex_);
  if (names_version_ != names_.version()) {
    names_version_ = names_.version();
    drop_all(passed_over);
  }
  if (what != need::any) drop_idle(passed_over);
  while (!closed_ && idle_.empty() && lent_.size() + opening_ >= settings_.max_connections) {
    waited = true;
    if (!wait_for_one(lock, deadline, stop, ec)) return out;
  }
  if (closed_) {
    ec = errc::closed;
    return out;
  }
  if (!idle_.empty()) {
    out.channel_ = std::move(idle_.back());
    out.reused_ = true;
    idle_.pop_back();
    lent_.push_back({out.channel_.get()});
    return out;
  }
  ++opening_;
  lock.unlock();
  waited = true;
  auto fresh = open(what == need::fresh_and_flushed, deadline, stop, ec);
  lock.lock();
  if (opening_ > 0) --opening_;  // a fork meanwhile, in this thread's signal handler, has set it to 0
  if (fresh != nullptr) {
    lent_.push_back({fresh.get()});
    out.channel_ = std::move(fresh);
    ++opened_;
  } else if (waiting_ != 0) {
    came_back_.notify_one();
  }
  return out;
}

std::unique_ptr<channel> direct_pool::open(bool flush, time_point deadline, const interruption& stop, error_code& ec) const {
  channel::settings connection = settings_.connection;
  connection.session.flush_first = flush;
  try {
    auto addresses = resolve(where_, names_, deadline, stop, ec);
    if (!ec) return std::make_unique<channel>(std::move(addresses), connection);
  } catch (const std::exception&) {  // no memory, or no thread for the resolver
    ec = errc::not_enough_memory;
  }
  return nullptr;
}

// In slices: a signal does not end this wait, and the caller wants to hear of it.
bool direct_pool::wait_for_one(std::unique_lock<std::mutex>& lock, time_point deadline,
                               const interruption& stop, error_code& ec) {
  const time_point now = steady_clock::now();
  if (now >= deadline) {
    ec = errc::timed_out;
    return false;
  }
  const std::uint64_t before = turned_away_;
  ++waiting_;
  came_back_.wait_until(lock, std::min(deadline, now + milliseconds(50)));
  --waiting_;
  if (turned_away_ != before) {
    ec = errc::no_server;
    return false;
  }
  lock.unlock();  // the hook may run anything, a fork included
  const bool stopped = stop();
  lock.lock();
  if (stopped) ec = errc::interrupted;
  return !stopped;
}

void direct_pool::take_back(std::unique_ptr<channel> channel) noexcept {
  const bool usable = channel->is_open() && channel->session().idle();
  channel->session().trim();
  std::unique_lock<std::mutex> lock(mutex_);
  const auto lent = std::find_if(lent_.begin(), lent_.end(),
                                 [&](const lent_channel& l) { return l.channel == channel.get(); });
  if (lent == lent_.end()) return;  // lent before a fork, and not this process's any more
  const bool keep = lent->keep && usable && !closed_;
  lent_.erase(lent);
  if (keep) idle_.push_back(std::move(channel));
  const bool awaited = waiting_ != 0;
  lock.unlock();  // who is woken finds it free
  if (awaited) came_back_.notify_one();
}

// Both lists keep their capacity, so that lending and taking back allocate nothing and cannot fail.
void direct_pool::drop_idle(std::vector<std::unique_ptr<channel>>& into) {
  into.insert(into.end(), std::make_move_iterator(idle_.begin()), std::make_move_iterator(idle_.end()));
  idle_.clear();
}

void direct_pool::drop_all(std::vector<std::unique_ptr<channel>>& idle) {
  drop_idle(idle);
  for (lent_channel& l : lent_) l.keep = false;
}

void direct_pool::disconnect() {
  std::vector<std::unique_ptr<channel>> dropped;
  const std::lock_guard lock(mutex_);
  drop_all(dropped);
}

void direct_pool::turn_away() {
  std::vector<std::unique_ptr<channel>> dropped;
  const std::lock_guard lock(mutex_);
  drop_all(dropped);
  ++turned_away_;
  if (waiting_ != 0) came_back_.notify_all();
}

void direct_pool::close() {
  disconnect();
  const std::lock_guard lock(mutex_);
  closed_ = true;
  came_back_.notify_all();
}

direct_pool::figures direct_pool::count() const {
  const std::lock_guard lock(mutex_);
  return {.idle = idle_.size(), .lent = lent_.size(), .opened = opened_};
}

// Runs in a forked child, which has one thread, with mutex_ held. A call that was under way in that thread (fork in a
// signal handler) finds its channel without a descriptor and fails.
void direct_pool::drop_inherited() noexcept {
  for (auto& channel : idle_) channel->abandon();
  for (const lent_channel& l : lent_) l.channel->abandon();
  idle_.clear();
  lent_.clear();
  opening_ = waiting_ = 0;
  new (&came_back_) std::condition_variable;  // its waiters stayed behind, and it would wait for them
}

}  // namespace cmemcache::net
