#include "cli/bench_worker.hpp"

#include "cli/output.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <random>
#include <string>
#include <utility>

namespace cli {

namespace {

using cmemcache::error_code;
using cmemcache::multi_reply;
using cmemcache::reply;
using cmemcache::status;

// A call that failed is not followed by the next at once: where nobody answers, that would only warm the processor.
constexpr std::chrono::milliseconds pause_after_error{10};

}  // namespace

/// The place of one call in flight, and what it needs until it is answered.
struct bench_worker::lane {
  lane(const boost::asio::any_io_executor& where, std::size_t multi) : pause(where), names(multi) {}

  std::size_t key = 0;
  clock::time_point sent{};
  std::string value;                    // what is being stored
  boost::asio::steady_timer pause;
  std::vector<std::string_view> names;  // of a get_multi: `key` and those behind it
};

bench_worker::bench_worker(boost::asio::any_io_executor where, const settings& s, const bench_plan& plan,
                           const bench_keys& keys)
    : plan_(plan), keys_(keys), client_(where, s.server_list(), s.client_options()) {
  lanes_.reserve(plan.depth);
  for (std::uint64_t i = 0; i < plan.depth; ++i) {
    lanes_.emplace_back(where, plan.multi);
    if (plan.sets > 0) keys.make_value(0, lanes_.back().value);  // so that the memory is there
  }
  std::random_device entropy;
  random_ = (std::uint64_t{entropy()} << 32) | entropy() | 1u;
}

bench_worker::~bench_worker() = default;

void bench_worker::start(const limit& until, std::function<void()> finished) {
  boost::asio::post(client_.get_executor(), [this, until, finished = std::move(finished)]() mutable {
    end_ = until.end;
    left_ = until.calls;
    stopped_ = &until.stopped;
    finished_ = std::move(finished);
    running_ = lanes_.size();
    for (lane& l : lanes_) next(l, clock::now());
  });
}

// One reading of the clock is the end of one call and the beginning of the next.
void bench_worker::next(lane& l, clock::time_point now) {
  if (left_ == 0 || now >= end_ || stopped_->load(std::memory_order_relaxed)) {
    if (--running_ == 0) finished_();
    return;
  }
  --left_;
  l.sent = now;
  l.key = random_below(keys_.size());
  if (random_below(plan_.gets + plan_.sets) < plan_.sets) {
    keys_.make_value(l.key, l.value);
    client_.async_set(keys_[l.key], l.value, bench_exptime, 0,
                      [this, &l](const error_code& ec, const reply& r) { stored(l, ec, r.status); });
  } else if (plan_.multi == 0) {
    client_.async_get(keys_[l.key], [this, &l](const error_code& ec, const reply& r) { found(l, ec, r); });
  } else {
    get_many(l);
  }
}

void bench_worker::get_many(lane& l) {
  for (std::size_t i = 0; i < l.names.size(); ++i) l.names[i] = keys_[(l.key + i) % keys_.size()];
  client_.async_get_multi(l.names,
                          [this, &l](const error_code& ec, const multi_reply& all) { found_many(l, ec, all); });
}

void bench_worker::stored(lane& l, const error_code& ec, status became) {
  count(l.key, became, {}, ec);
  over(l, ec, tally_.sets);
}

void bench_worker::found(lane& l, const error_code& ec, const reply& r) {
  count(l.key, r.status, r.value, ec);
  over(l, ec, tally_.gets);
}

void bench_worker::found_many(lane& l, const error_code& ec, const multi_reply& all) {
  for (std::size_t i = 0; i < l.names.size(); ++i) {
    const auto one = i < all.size() ? all[i] : cmemcache::item{};
    count((l.key + i) % keys_.size(), one.status, one.value, ec);
  }
  over(l, ec, tally_.gets);
}

void bench_worker::count(std::size_t key, status s, std::string_view value, const error_code& ec) {
  if (s == status::hit) {
    ++tally_.hits;
    if (keys_.is_value_of(key, value)) return;
    if (tally_.wrong++ == 0)
      tally_.first_wrong = std::string(keys_[key]) + " brought " + std::to_string(value.size()) + " bytes: " +
                           printable(value.substr(0, 60));
  } else if (s == status::miss) {
    ++tally_.misses;
  } else if (s == status::stored) {
    ++tally_.stored;
  } else {
    ++tally_.errors;
    ++tally_.messages[ec ? ec.message() : std::string(to_string(s))];
  }
}

void bench_worker::over(lane& l, const error_code& ec, histogram& times) {
  const auto now = clock::now();
  ++tally_.calls;
  progress_.store(tally_.calls, std::memory_order_relaxed);
  if (!ec) {
    times.record(now - l.sent);
    return next(l, now);
  }
  l.pause.expires_at(now + pause_after_error);
  l.pause.async_wait([this, &l](const error_code&) { next(l, clock::now()); });
}

// xorshift64*, of which the upper half is scaled to the range.
std::uint64_t bench_worker::random_below(std::uint64_t many) noexcept {
  random_ ^= random_ >> 12;
  random_ ^= random_ << 25;
  random_ ^= random_ >> 27;
  return (((random_ * 0x2545F4914F6CDD1Du) >> 32) * many) >> 32;
}

}  // namespace cli
