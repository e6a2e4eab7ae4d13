#include "cli/bench_run.hpp"

#include "cli/bench_keys.hpp"
#include "cli/bench_worker.hpp"
#include "cli/progress_bar.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <list>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace cli {

namespace {

namespace asio = boost::asio;
using clock = bench_worker::clock;
using cmemcache::error_code;

constexpr auto in_hand = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds between_drawings{100};
constexpr std::size_t most_in_batch = 500;
constexpr std::size_t bytes_in_batch = 1024 * 1024;

// What to say where nothing was stored.
[[noreturn]] void throw_trouble(const error_code& ec, const cmemcache::multi_reply& answers) {
  if (answers.failures().empty()) throw cmemcache::error(ec, {}, ec ? ec.message() : "nothing was stored");
  const auto& first = answers.failures().front();
  throw cmemcache::error(first.code, first.server, first.text);
}

double seconds_between(clock::time_point from, clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/// One benchmark, in phases on one io_context, which is stopped at the end of each. What its handlers share is atomic,
/// because several threads may run them; the rest is set between the phases.
class bench_run {
 public:
  bench_run(const settings& s, const bench_plan& plan);
  bench_result run();

 private:
  enum class doing { storing, connecting, measuring, deleting };

  // Calls `start`, and runs what comes of it until somebody stops the context.
  void phase(doing what, const std::function<void()>& start);
  void wait_for_signals();

  void draw_later();
  void draw();

  // Keys in bounded batches, one at a time.
  std::size_t batch_at(std::size_t first) const;
  asio::awaitable<void> store_keys();
  asio::awaitable<void> delete_keys();
  void spawn(asio::awaitable<void> all);
  cmemcache::client& first_client() noexcept { return workers_.front().client(); }

  void connect();
  void measure();
  void one_has_finished();
  std::pair<std::uint64_t, std::uint64_t> bytes() const;

  const bench_plan& plan_;
  const bench_keys keys_;
  asio::io_context io_;
  asio::signal_set signals_;
  asio::steady_timer drawing_;
  progress_bar bar_;
  std::list<bench_worker> workers_;
  doing doing_ = doing::storing;
  clock::time_point since_;
  std::atomic<std::size_t> busy_ = 0;     // workers that have not finished
  std::atomic<std::size_t> stored_ = 0;   // keys that may be there
  std::atomic<std::size_t> deleted_ = 0;
  std::atomic<bool> interrupted_ = false;
  std::exception_ptr trouble_;
  bench_result result_;
};

bench_run::bench_run(const settings& s, const bench_plan& plan)
    : plan_(plan),
      keys_(plan.keys, plan.value_size),
      io_(static_cast<int>(plan.threads)),
      signals_(io_, SIGINT, SIGTERM),
      drawing_(io_),
      bar_(!s.json) {
  for (std::uint64_t i = 0; i < plan.clients; ++i) {
    asio::any_io_executor where = io_.get_executor();
    if (plan.threads > 1) where = asio::make_strand(io_);
    workers_.emplace_back(std::move(where), s, plan, keys_);
  }
}

bench_result bench_run::run() {
  wait_for_signals();
  if (bar_.is_shown()) draw_later();
  phase(doing::storing, [this] { spawn(store_keys()); });
  if (!trouble_ && !interrupted_) {
    phase(doing::connecting, [this] { connect(); });
    measure();
  }
  phase(doing::deleting, [this] { spawn(delete_keys()); });
  bar_.clear();
  if (trouble_) std::rethrow_exception(trouble_);
  result_.interrupted = interrupted_;
  return std::move(result_);
}

void bench_run::phase(doing what, const std::function<void()>& start) {
  doing_ = what;
  since_ = clock::now();
  io_.restart();
  start();
  std::vector<std::jthread> others;
  for (std::uint64_t i = 1; i < plan_.threads; ++i) others.emplace_back([this] { io_.run(); });
  io_.run();
}

void bench_run::wait_for_signals() {
  signals_.async_wait([this](const error_code& ec, int) {
    if (ec) return;
    interrupted_ = true;
    signals_.clear();  // the next one does what it does to any program
  });
}

// ---- the line that shows how far it is

void bench_run::draw_later() {
  drawing_.expires_after(between_drawings);
  drawing_.async_wait([this](const error_code& ec) {
    if (ec) return;
    draw();
    draw_later();
  });
}

void bench_run::draw() {
  const auto share = [](auto part, auto all) { return static_cast<double>(part) / static_cast<double>(all); };
  if (doing_ == doing::storing) return bar_.show("storing keys ", share(stored_.load(), keys_.size()), {});
  if (doing_ == doing::deleting) return bar_.show("deleting keys", share(deleted_.load(), stored_.load()), {});
  if (doing_ == doing::connecting) return bar_.show("connecting   ", 0, {});
  const double passed = seconds_between(since_, clock::now());
  std::uint64_t calls = 0;
  for (const auto& w : workers_) calls += w.progress();
  char note[40];
  std::snprintf(note, sizeof note, "%.0f calls/s", static_cast<double>(calls) / passed);
  bar_.show("measuring    ", plan_.calls ? share(calls, *plan_.calls) : passed / plan_.seconds, note);
}

// ---- keys

std::size_t bench_run::batch_at(std::size_t first) const {
  return std::min({most_in_batch, bytes_in_batch / (keys_.value_size() + 1) + 1, keys_.size() - first});
}

asio::awaitable<void> bench_run::store_keys() {
  std::vector<std::string> values(batch_at(0));
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  while (stored_ < keys_.size() && !interrupted_) {
    pairs.clear();
    const std::size_t first = stored_;
    for (std::size_t i = 0; i < batch_at(first); ++i) {
      keys_.make_value(first + i, values[i]);
      pairs.emplace_back(keys_[first + i], values[i]);
    }
    const auto [ec, answers] = co_await first_client().async_set_multi(pairs, bench_exptime, 0, in_hand);
    stored_ += pairs.size();
    if (std::ranges::none_of(answers, [](const auto& one) { return one.status == cmemcache::status::stored; }))
      throw_trouble(ec, answers);
  }
}

// Where a key is no longer there, that is well, too. Servers that were marked dead may be back.
asio::awaitable<void> bench_run::delete_keys() {
  first_client().forget_dead_hosts();
  std::vector<std::string_view> names;
  while (deleted_ < stored_) {
    names.clear();
    const std::size_t first = deleted_;
    for (std::size_t i = first; i < std::min(first + most_in_batch, stored_.load()); ++i) names.push_back(keys_[i]);
    const auto [ec, answers] = co_await first_client().async_delete_multi(names, in_hand);
    deleted_ += names.size();
    for (const auto& one : answers) result_.left_behind += one.status == cmemcache::status::unanswered ? 1 : 0;
  }
}

void bench_run::spawn(asio::awaitable<void> all) {
  asio::co_spawn(first_client().get_executor(), std::move(all), [this](std::exception_ptr failed) {
    if (failed && !trouble_) trouble_ = failed;
    io_.stop();
  });
}

// ---- calls

// So that no call is measured that waits for its connection. Servers that do not answer are known to be dead then.
void bench_run::connect() {
  busy_ = workers_.size();
  for (auto& w : workers_)
    w.client().async_version([this](const error_code&, const auto&) { one_has_finished(); });
}

void bench_run::measure() {
  const auto [in, out] = bytes();
  busy_ = workers_.size();
  phase(doing::measuring, [this] {
    bench_worker::limit until{.stopped = interrupted_};
    if (!plan_.calls) until.end = since_ + std::chrono::duration_cast<clock::duration>(
                                               std::chrono::duration<double>(plan_.seconds));
    std::uint64_t i = 0;
    for (auto& w : workers_) {
      if (plan_.calls) until.calls = *plan_.calls / plan_.clients + (i++ < *plan_.calls % plan_.clients ? 1 : 0);
      w.start(until, [this] { one_has_finished(); });
    }
  });
  result_.seconds = seconds_between(since_, clock::now());
  const auto [in_now, out_now] = bytes();
  result_.bytes_in = in_now - in;
  result_.bytes_out = out_now - out;
  for (const auto& w : workers_) result_.total.add(w.tally());
}

void bench_run::one_has_finished() {
  if (--busy_ == 0) io_.stop();
}

std::pair<std::uint64_t, std::uint64_t> bench_run::bytes() const {
  std::pair<std::uint64_t, std::uint64_t> sum;
  for (const auto& w : workers_)
    for (const auto& c : w.client().counters()) {
      sum.first += c.bytes_in;
      sum.second += c.bytes_out;
    }
  return sum;
}

}  // namespace

bench_result run_bench(const settings& s, const bench_plan& plan) { return bench_run(s, plan).run(); }

}  // namespace cli
