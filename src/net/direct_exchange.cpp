#include "net/direct_exchange.hpp"

#include <poll.h>

#include <boost/container/small_vector.hpp>

namespace cmemcache::net {

namespace {

// A receive that waits is bounded by what was set on the socket once, longest_wait at the most. It may be used while
// the call is this young, because it then ends at most so much behind the deadline.
constexpr milliseconds youth{10};

class loop {
 public:
  loop(std::span<leg> legs, time_point start, time_point now, time_point deadline, const interruption& stop)
      : legs_(legs), start_(start), now_(now), deadline_(deadline), stop_(stop) {}

  void run() {
    for (leg& l : legs_) advance(l, false);
    for (;;) {
      leg* last = nullptr;
      std::size_t unfinished = 0;
      for (leg& l : legs_)
        if (!l.over()) last = &l, ++unfinished;
      if (unfinished == 0) return;
      if (unfinished == 1 && may_wait_in_receive(*last)) receive(*last, true);
      else wait_for_all();
    }
  }

 private:
  // A leg may still owe its last bytes when its request is answered early; over() waits for these, too.
  void advance(leg& l, bool ready) {
    if (l.over()) return;
    l.channel->advance(ready, now_);
    if (l.channel->is_closed()) l.result = l.last->result;
  }

  bool may_wait_in_receive(const leg& l) const noexcept {
    return l.channel->is_open() && l.channel->events() == POLLIN && now_ - start_ <= youth;
  }

  void receive(leg& l, bool wait) {
    const error_code ec = l.channel->receive(wait);
    if (ec && is_interrupted(ec)) return check_time(true);
    if (ec && !is_would_block(ec)) l.result = ec;
    if (l.over()) return;  // the usual end: no look at the clock
    check_time(false);
    advance(l, false);
  }

  void wait_for_all() {
    boost::container::small_vector<pollfd, 8> polled;
    boost::container::small_vector<leg*, 8> waiting;
    time_point until = std::min(deadline_, now_ + longest_wait);
    for (leg& l : legs_) {
      if (l.over()) continue;
      polled.push_back({l.channel->fd(), l.channel->events(), 0});
      waiting.push_back(&l);
      until = l.channel->has_more() ? now_ : std::min(until, l.channel->wake_at());
    }
    error_code ec;
    wait_ready({polled.data(), polled.size()}, until, ec);
    if (ec && !is_interrupted(ec)) return fail_all(ec);
    now_ = steady_clock::now();
    if (!ec)
      for (std::size_t i = 0; i < waiting.size(); ++i) serve(*waiting[i], polled[i].revents);
    check_time(bool(ec));
  }

  void serve(leg& l, short revents) {
    const bool was_open = l.channel->is_open();
    if (was_open && ((revents & (POLLIN | POLLERR | POLLHUP)) != 0 || l.channel->has_more())) {
      const error_code ec = l.channel->receive(false);
      if (ec && !is_would_block(ec) && !is_interrupted(ec)) l.result = ec;
    }
    // A request answered means that another may be encoded: write whether or not the poll asked for it.
    advance(l, was_open ? (revents & POLLOUT) != 0 : revents != 0);
  }

  // A signal may also come while nothing waits, and ends no wait then: the caller is asked now and again besides.
  void check_time(bool signalled) {
    now_ = steady_clock::now();
    if (signalled || now_ - asked_ >= longest_wait) {
      asked_ = now_;
      if (stop_()) return fail_all(errc::interrupted);
    }
    if (now_ >= deadline_) fail_all(errc::timed_out);
  }

  void fail_all(error_code ec) {
    for (leg& l : legs_) {
      if (l.over()) continue;
      l.channel->fail(ec);
      l.result = ec;
    }
  }

  const std::span<leg> legs_;
  const time_point start_;
  time_point now_;
  time_point asked_ = now_;
  const time_point deadline_;
  const interruption& stop_;
};

}  // namespace

void exchange(std::span<leg> legs, time_point start, time_point now, time_point deadline, const interruption& stop) {
  loop(legs, start, now, deadline, stop).run();
}

}  // namespace cmemcache::net
