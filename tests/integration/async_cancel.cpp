// Calls that are cancelled at every stage: they complete at once, nothing of theirs goes astray, and the others go on.

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cmemcache/client.hpp>

#include "support/memcached.hpp"
#include "support/outcome.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using boost::asio::bind_cancellation_slot;
using boost::asio::cancellation_signal;
using boost::asio::cancellation_type;
using std::chrono::milliseconds;

namespace {

const auto aborted = boost::asio::error::operation_aborted;

template <class Result>
auto into(outcome<Result>& to, cancellation_signal& by) {
  return bind_cancellation_slot(by.slot(), test::into(to));
}
using test::into;

void run_for(boost::asio::io_context& io, int ms) {
  io.restart();
  io.run_for(milliseconds(ms));
}

}  // namespace

TEST_CASE("a call that is not written is taken back, whatever the type", "[async][cancel]") {
  const auto type = GENERATE(cancellation_type::terminal, cancellation_type::partial, cancellation_type::total);
  boost::asio::io_context io;
  cancellation_signal stop;
  answer cancelled, held, others;
  SECTION("at once") {
    memcached server;
    client mc(io, {server.address()});
    mc.async_set("k", "v", into(cancelled, stop));
    stop.emit(type);
    CHECK(finish(io) < 0.2 + late);
    CHECK(cancelled.ec == aborted);
    mc.async_get("k", into(others));
    CHECK(finish(io) < 1 + late);
    CHECK(shown(others) == "miss");
  }
  SECTION("while connecting") {
    const unanswered_port full;
    client mc(io, {full.address()});
    mc.async_set("k", "v", into(cancelled, stop));
    run_for(io, 50);
    CHECK(cancelled.completions == 0);
    stop.emit(type);
    CHECK(finish(io) < 0.2 + late);
    CHECK(cancelled.ec == aborted);
    CHECK_FALSE(mc.counters()[0].dead);
  }
  SECTION("while the server's version is awaited") {
    std::string heard;
    std::atomic<bool> silent = true;
    {
      peer server([&](peer::connection& c, int) {
        heard = c.read_until("\r\n");
        while (silent) std::this_thread::sleep_for(milliseconds(1));
        c.send("VERSION 1.5.0\r\n");
        heard += c.read_until("get other\r\n");
        c.send("END\r\n");
        c.wait_for_close();
      });
      client mc(io, {server.address()});
      mc.async_set("k", "v", into(cancelled, stop));
      run_for(io, 50);
      stop.emit(type);
      mc.async_get("other", into(others));
      run_for(io, 50);
      CHECK(cancelled.ec == aborted);
      CHECK(cancelled.took < 0.05 + late);
      silent = false;
      CHECK(finish(io) < 1 + late);
      CHECK(shown(others) == "miss");
    }
    CHECK(heard == "version\r\nget other\r\n");
  }
  SECTION("while others are in flight") {
    std::string heard;
    std::atomic<bool> silent = true;
    {
      peer server([&](peer::connection& c, int) {
        heard = c.read_until("\r\n");
        while (silent) std::this_thread::sleep_for(milliseconds(1));
        c.send("END\r\n");
        heard += c.read_until("\r\n");
        c.send("END\r\n");
        c.wait_for_close();
      });
      client mc(io, {server.address()}, {.protocol = wire_protocol::text, .max_in_flight = 1});
      mc.async_get("first", into(held));
      mc.async_set("k", "v", into(cancelled, stop));
      mc.async_get("other", into(others));
      run_for(io, 50);
      stop.emit(type);
      run_for(io, 20);
      CHECK(cancelled.ec == aborted);
      CHECK(held.completions == 0);
      silent = false;
      CHECK(finish(io) < 1 + late);
      CHECK(shown(others) == "miss");
    }
    CHECK(heard == "get first\r\nget other\r\n");
  }
  CHECK(cancelled.completions == 1);
}

TEST_CASE("a written call completes at once, and its reply is swallowed", "[async][cancel]") {
  const auto type = GENERATE(cancellation_type::terminal, cancellation_type::partial);
  memcached server;
  boost::asio::io_context io;
  client mc(io, {server.address()}, {.protocol = GENERATE(wire_protocol::automatic, wire_protocol::text)});
  answer first;
  mc.async_set("k", "v", into(first));
  CHECK(finish(io) < 1 + late);
  server.pause();
  cancellation_signal stop[4];
  answer got[4], others[3];
  mc.async_get("k", into(others[0]));
  mc.async_get("k", into(got[0], stop[0]));
  mc.async_get("none", into(others[1]));
  mc.async_set("k", "w", into(got[1], stop[1]));
  mc.async_incr("none", into(got[2], stop[2]));
  mc.async_gat("k", 60, into(got[3], stop[3]));
  mc.async_get("k", into(others[2]));
  run_for(io, 20);
  for (auto& s : stop) s.emit(type);
  run_for(io, 20);
  for (const answer& a : got) CHECK(a.ec == aborted);
  server.resume();
  CHECK(finish(io) < 1 + late);
  CHECK(shown(others[0]) == "hit v");
  CHECK(shown(others[1]) == "miss");
  CHECK(shown(others[2]) == "hit w");
  CHECK(mc.counters()[0].orphaned_replies == 4);
  CHECK(mc.counters()[0].reconnects == 0);
  for (auto& s : stop) s.emit(type);  // they are over
  CHECK(finish(io) < 1 + late);
  for (const answer& a : got) CHECK(a.completions == 1);
}

TEST_CASE("total leaves a written store alone, and takes a get back", "[async][cancel]") {
  memcached server;
  boost::asio::io_context io;
  client mc(io, {server.address()});
  answer first;
  mc.async_get("k", into(first));
  CHECK(finish(io) < 1 + late);
  server.pause();
  cancellation_signal stop[3];
  answer got, stored;
  answers many;
  mc.async_get("k", into(got, stop[0]));
  mc.async_set("k", "v", into(stored, stop[1]));
  const std::pair<std::string_view, std::string_view> pairs[] = {{"a", "1"}, {"b", "2"}};
  mc.async_set_multi(pairs, into(many, stop[2]));
  run_for(io, 20);
  for (auto& s : stop) s.emit(cancellation_type::total);
  run_for(io, 20);
  CHECK(got.ec == aborted);
  CHECK(stored.completions == 0);
  CHECK(many.completions == 0);
  server.resume();
  CHECK(finish(io) < 1 + late);
  CHECK(shown(stored) == "stored");
  CHECK_FALSE(many.ec);
}

TEST_CASE("a get in the middle of a line, in the middle of its value, is cancelled", "[async][cancel]") {
  const std::string large(1024 * 1024, 'x');
  std::atomic<bool> half = false, go_on = false;
  peer server([&](peer::connection& c, int) {
    const std::string line = c.read_until("\r\n");
    CHECK((line == "get a large b\r\n" || line == "get large none\r\n"));
    if (line.starts_with("get a")) c.send("VALUE a 0 1\r\na\r\n");
    c.send("VALUE large 0 " + std::to_string(large.size()) + "\r\n" + large.substr(0, large.size() / 2));
    half = true;
    while (!go_on) std::this_thread::sleep_for(milliseconds(1));
    c.send(large.substr(large.size() / 2) + "\r\n");
    if (line.starts_with("get a")) c.send("VALUE b 0 1\r\nb\r\n");
    c.send("END\r\n");
    c.read_until("get after\r\n");
    c.send("VALUE after 0 5\r\nafter\r\nEND\r\n");
    c.wait_for_close();
  });
  boost::asio::io_context io;
  client mc(io, {server.address()}, {.protocol = wire_protocol::text});
  cancellation_signal stop;
  answer got[3], after;
  answers many;
  const bool bulk = GENERATE(false, true);
  const std::string_view keys[] = {"large", "none"};
  if (bulk) {
    mc.async_get_multi(keys, into(many, stop));
  } else {
    mc.async_get("a", into(got[0]));
    mc.async_get("large", into(got[1], stop));
    mc.async_get("b", into(got[2]));
  }
  while (!half) run_for(io, 5);
  run_for(io, 20);
  stop.emit(cancellation_type::terminal);
  run_for(io, 20);
  CHECK((bulk ? many.ec : got[1].ec) == aborted);
  many.got = {};
  go_on = true;
  mc.async_get("after", into(after));
  CHECK(finish(io) < 1 + late);
  if (!bulk) {
    CHECK(shown(got[0]) == "hit a");
    CHECK(shown(got[2]) == "hit b");
  }
  CHECK(shown(after) == "hit after");
  CHECK(mc.counters()[0].orphaned_replies == 1);
  CHECK(server.accepted() == 1);
}

TEST_CASE("a large store that is half written keeps its bytes when its caller leaves", "[async][cancel]") {
  const bool bulk = GENERATE(false, true);
  std::atomic<bool> go_on = false;
  std::string heard;
  auto server = std::make_unique<peer>([&](peer::connection& c, int) {
    while (!go_on) std::this_thread::sleep_for(milliseconds(1));
    heard = c.read_until("get after\r\n");
    c.send(bulk ? "STORED\r\nSTORED\r\nEND\r\n" : "STORED\r\nEND\r\n");
    c.wait_for_close();
  });
  boost::asio::io_context io;
  constexpr std::size_t size = 6 * 1024 * 1024;
  client mc(io, {server->address()}, {.protocol = wire_protocol::text, .max_in_flight_bytes = 3 * size, .max_value_length = size});
  auto value = std::make_unique<std::string>(size, 'x');
  cancellation_signal stop[2];
  answer stored, behind, after;
  answers many;
  {
    std::string key = "key", other = "other";
    const std::pair<std::string_view, std::string_view> pairs[] = {{key, *value}, {other, *value}};
    if (bulk) mc.async_set_multi(pairs, into(many, stop[0]));
    else mc.async_set(key, *value, into(stored, stop[0]));
    mc.async_set("behind", *value, into(behind, stop[1]));  // is not begun before the other one is written
    run_for(io, 50);
    CHECK(stored.completions + many.completions == 0);
    stop[0].emit(cancellation_type::terminal);
    stop[1].emit(cancellation_type::total);
    for (int i = 0; i < 100 && behind.completions == 0; ++i) run_for(io, 50);
    CHECK((bulk ? many.ec : stored.ec) == aborted);
    CHECK(behind.ec == aborted);
    key.assign("!!!"), other.assign("!!!!!");
  }
  std::ranges::fill(*value, '!');
  value.reset();
  mc.async_get("after", into(after));
  go_on = true;
  CHECK(finish(io) < 5);
  CHECK(shown(after) == "miss");
  server.reset();
  const std::string bytes = " 0 0 " + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n";
  const bool as_it_was = heard == "set key" + bytes + (bulk ? "set other" + bytes : "") + "get after\r\n";
  CHECK(as_it_was);
}

TEST_CASE("whoever is first ends the other", "[async][cancel]") {
  using namespace boost::asio::experimental::awaitable_operators;
  using boost::asio::use_awaitable;
  memcached server;
  peer silent([](peer::connection& c, int) { c.wait_for_close(); });
  boost::asio::io_context io;
  client mc(io, {server.address()});
  client slow(io, {silent.address()}, {.timeout = milliseconds(300)});
  int passed = 0;
  boost::asio::co_spawn(io, [&]() -> boost::asio::awaitable<void> {
    boost::asio::steady_timer timer(io, milliseconds(30));
    const auto start = std::chrono::steady_clock::now();
    const auto first = co_await (slow.async_get("k", use_awaitable) || timer.async_wait(use_awaitable));
    passed += first.index() == 1;
    passed += std::chrono::steady_clock::now() - start < milliseconds(150);
    timer.expires_after(milliseconds(500));
    const auto second = co_await (mc.async_get("k", use_awaitable) || timer.async_wait(use_awaitable));
    passed += second.index() == 0 && std::get<0>(second).status == status::miss;
    const auto both = co_await (mc.async_set("k", "v", use_awaitable) && mc.async_get("k", use_awaitable));
    passed += std::get<0>(both).status == status::stored && std::get<1>(both).value == "v";
    const auto third = co_await (slow.async_get("k", use_awaitable) || mc.async_get("k", use_awaitable));
    passed += third.index() == 1 && std::get<1>(third).value == "v";
  }, boost::asio::detached);
  CHECK(finish(io) < 1.5 + late);
  CHECK(passed == 5);
}

TEST_CASE("signals from another thread, by way of the executor and directly", "[async][cancel]") {
  memcached server;
  boost::asio::io_context io;
  client mc(io, {server.address()});
  answer first;
  mc.async_get("k", into(first));
  CHECK(finish(io) < 1 + late);
  server.pause();
  std::deque<cancellation_signal> stop(100);
  std::deque<answer> got(100);
  for (std::size_t i = 0; i < 100; ++i) mc.async_get("k", into(got[i], stop[i]));
  auto work = boost::asio::make_work_guard(io);
  io.restart();
  std::thread runs([&] { io.run(); });
  for (std::size_t i = 0; i < 100; ++i) {
    if (i % 2 == 0) stop[i].emit(cancellation_type::terminal);
    else boost::asio::post(io, [&stop, i] { stop[i].emit(cancellation_type::terminal); });
  }
  std::this_thread::sleep_for(milliseconds(100));
  server.resume();
  work.reset();
  runs.join();
  for (const answer& a : got) CHECK(a.ec == aborted);
  CHECK(mc.counters()[0].orphaned_replies == 100);
}

namespace {

// Random calls, cancelled at random times, on values that say whose they are.
struct storm {
  storm(client& c, boost::asio::io_context& io, unsigned seed, milliseconds length)
      : mc(c), context(io), random(seed), end(std::chrono::steady_clock::now() + length) {}

  struct call {
    cancellation_signal stop;
    std::string key, value;
    std::vector<std::string> keys;
    std::vector<std::string_view> views;
    std::vector<std::pair<std::string_view, std::string_view>> pairs;
    std::unique_ptr<boost::asio::steady_timer> timer;
  };

  unsigned pick(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random); }

  std::string value_of(const std::string& key) {
    static constexpr std::size_t sizes[] = {0, 10, 100, 5000, 20000, 200000};
    return key + "#" + std::string(sizes[pick(pick(10) == 0 ? 6 : 4)], static_cast<char>('a' + pick(26))) + "#" + key;
  }

  void check(const std::string& key, std::string_view value) {
    const std::string mark = key + "#", end_mark = "#" + key;
    const bool good = value.starts_with(mark) && value.ends_with(end_mark) && value.size() >= mark.size() + end_mark.size();
    if (!good) return void(++wrong);
    const std::string_view middle = value.substr(mark.size(), value.size() - mark.size() - end_mark.size());
    wrong += !middle.empty() && middle.find_first_not_of(middle.front()) != middle.npos;
  }

  void over(error_code ec) {
    ++completed;
    if (ec == aborted) ++cancelled;
    else if (ec) ++failed, last = ec;
    next();
  }

  void next() {
    if (std::chrono::steady_clock::now() > end) return;
    auto c = std::make_shared<call>();
    c->key = "key" + std::to_string(pick(40));
    auto one = bind_cancellation_slot(c->stop.slot(), [this, c](error_code ec, reply r) {
      if (!ec && r.status == status::hit) check(c->key, r.value);
      std::ranges::fill(c->value, '!');  // whoever still reads it sends nonsense
      c->timer.reset();
      over(ec);
    });
    auto many = bind_cancellation_slot(c->stop.slot(), [this, c](error_code ec, multi_reply r) {
      for (std::size_t i = 0; i < r.size(); ++i)
        if (r[i].status == status::hit) check(c->keys[i], r[i].value);
      std::ranges::fill(c->value, '!');
      c->timer.reset();
      over(ec);
    });
    const unsigned what = pick(10);
    if (what >= 7)
      for (unsigned i = pick(20); i < 40; i += 1 + pick(4)) c->keys.push_back("key" + std::to_string(i));
    c->views.assign(c->keys.begin(), c->keys.end());
    if (what < 4) {
      mc.async_get(c->key, std::move(one));
    } else if (what < 6) {
      c->value = value_of(c->key);
      mc.async_set(c->key, c->value, std::move(one));
    } else if (what == 6) {
      mc.async_delete(c->key, std::move(one));
    } else if (what < 9) {
      mc.async_get_multi(c->views, std::move(many));
    } else {
      for (const auto& key : c->keys) c->value += value_of(key) + "\n";
      std::size_t at = 0;
      for (const auto& key : c->keys) {
        const std::size_t length = c->value.find('\n', at) - at;
        c->pairs.emplace_back(key, std::string_view(c->value).substr(at, length));
        at += length + 1;
      }
      mc.async_set_multi(c->pairs, std::move(many));
    }
    if (pick(3) == 0) return;
    const auto type = static_cast<cancellation_type>(1u << pick(3));
    if (pick(4) == 0) return c->stop.emit(type);
    c->timer = std::make_unique<boost::asio::steady_timer>(context, std::chrono::microseconds(pick(1500)));
    c->timer->async_wait([weak = std::weak_ptr(c), type](error_code ec) {
      if (const auto here = weak.lock(); here && !ec) here->stop.emit(type);
    });
  }

  client& mc;
  boost::asio::io_context& context;
  std::minstd_rand random;
  std::chrono::steady_clock::time_point end;
  int completed = 0, cancelled = 0, failed = 0, wrong = 0;
  error_code last;
};

}  // namespace

TEST_CASE("a storm of calls and cancellations brings nobody another's value", "[async][cancel]") {
  memcached one, two;
  boost::asio::io_context io;
  client_options options;
  options.protocol = GENERATE(wire_protocol::automatic, wire_protocol::text);
  options.max_in_flight = GENERATE(8, 16 * 1024);
  options.pipelined_connections = options.max_in_flight == 8 ? 2 : 1;
  client mc(io, {one.address(), two.address()}, options);
  storm s(mc, io, 7, milliseconds(500));
  for (int i = 0; i < 60; ++i) s.next();
  CHECK(finish(io) < 3 + late);
  INFO(s.completed << " calls, " << s.cancelled << " cancelled, " << s.failed << " failed: " << s.last.message());
  CHECK(s.wrong == 0);
  CHECK(s.failed == 0);
  CHECK(s.cancelled > 100);
  CHECK(s.completed - s.cancelled > 100);
  for (const auto& c : mc.counters()) {
    CHECK(c.reconnects < 2);
    CHECK(c.in_flight == 0);
    if (options.max_in_flight != 8) CHECK(c.orphaned_replies > 0);
  }
}

TEST_CASE("a storm over connections that break anywhere brings nobody another's value", "[async][cancel]") {
  memcached server;
  const auto port = static_cast<std::uint16_t>(std::stoi(server.address().substr(server.address().find(':') + 1)));
  const std::size_t bytes = GENERATE(60000, 600000);
  peer breaks([&](peer::connection& c, int number) { c.relay(port, bytes, static_cast<unsigned>(number) + 1); },
              peer::service::at_once);
  boost::asio::io_context io;
  client_options options{.timeout = milliseconds(2000), .dead_retry = milliseconds(10)};
  options.protocol = GENERATE(wire_protocol::automatic, wire_protocol::text);
  options.max_in_flight_bytes = bytes / 2;
  client mc(io, {breaks.address()}, options);
  storm s(mc, io, 11, milliseconds(500));
  for (int i = 0; i < 30; ++i) s.next();
  CHECK(finish(io, milliseconds(6000)) < 6);
  INFO(s.completed << " calls, " << s.cancelled << " cancelled, " << s.failed << " failed: " << s.last.message());
  CHECK(breaks.accepted() > 2);
  CHECK(s.wrong == 0);
  CHECK(s.completed > s.failed + s.cancelled);
  CHECK(mc.counters()[0].in_flight == 0);
}
