// What the failure policy's rules come to: whose fault it is, who is told, and who need not wait.

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>

#include <cmemcache/blocking_client.hpp>
#include <cmemcache/client.hpp>

#include "support/calling_styles.hpp"
#include "support/fault_proxy.hpp"
#include "support/memcached.hpp"
#include "support/outcome.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using namespace std::chrono_literals;

namespace {

// While it lives the process gets no further descriptor.
class no_descriptors {
 public:
  no_descriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    const int free = ::dup(0);
    none.rlim_cur = static_cast<rlim_t>(free);  // which is the lowest that is free
    ::close(free);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// The lines that a client has logged.
class journal {
 public:
  logger at(log_level level) {
    return {level, [this](log_level, std::string_view line) {
              const std::lock_guard lock(mutex_);
              lines_.emplace_back(line);
            }};
  }
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }
  std::size_t count(std::string_view words) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(lines_, [&](const std::string& l) { return l.find(words) != l.npos; }));
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

[[maybe_unused]] bool is_about_descriptors(const error_code& ec) { return ec == boost::system::errc::too_many_files_open; }

}  // namespace

// (UndefinedBehaviorSanitizer looks at objects through a pipe, and takes them for broken when it gets none.)
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("who runs out of descriptors blames no server", "[policy]") {
  memcached server;
  SECTION("blocking") {
    blocking_client mc({server.address()});
    error_code ec;
    {
      const no_descriptors guard;
      mc.get("k", ec);
    }
    CHECK(is_about_descriptors(ec));
    CHECK_FALSE(mc.counters()[0].dead);
    CHECK(mc.counters()[0].marked_dead == 0);
    mc.set("k", "v", 0, 0, ec);
    CHECK_FALSE(ec);
  }
  SECTION("asynchronous") {
    boost::asio::io_context io;
    client mc(io, {server.address()});
    answer got, stored;
    mc.async_get("k", into(got));
    {
      const no_descriptors guard;
      finish(io);
    }
    CHECK(is_about_descriptors(got.ec));
    CHECK(mc.counters()[0].marked_dead == 0);
    mc.async_set("k", "v", into(stored));
    finish(io);
    CHECK(shown(stored) == "stored");
  }
}
#endif

TEST_CASE("an answer that came in time is good, however late it is looked at", "[policy]") {
  memcached server;
  boost::asio::io_context io;
  client mc(io, {server.address()}, {.timeout = 200ms});
  answer stored, got, behind;
  mc.async_set("k", "v", into(stored));
  finish(io);
  mc.async_get("k", into(got));
  io.restart();
  for (int i = 0; i < 20; ++i) io.poll();
  std::this_thread::sleep_for(400ms);  // as when the process is stopped, or a handler takes its time
  mc.async_get("k", into(behind));
  finish(io);
  CHECK(shown(got) == "hit v");
  CHECK(shown(behind) == "hit v");
  CHECK(mc.counters()[0].timeouts == 0);
  CHECK(mc.counters()[0].marked_dead == 0);
}

TEST_CASE("who waits for a connection to a server that proves dead is sent elsewhere", "[policy]") {
  memcached first, second;
  blocking_client mc({first.address(), second.address()}, {.timeout = 600ms, .max_connections = 1});
  std::string key;
  for (int i = 0; mc.server_for(key = "key" + std::to_string(i)) != first.address(); ++i) {
  }
  mc.set(key, "v");
  first.pause();
  std::thread stuck([&] {
    error_code ec;
    mc.get(key, ec);
    CHECK(ec == errc::timed_out);
  });
  std::this_thread::sleep_for(300ms);
  // It waits for the connection, which `stuck` has for another 0.3 s, and not for its own 0.6.
  error_code ec;
  const auto start = std::chrono::steady_clock::now();
  const reply r = mc.set(key, "elsewhere", 0, 0, ec);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  stuck.join();
  CHECK_FALSE(ec);
  CHECK(r.status == status::stored);
  CHECK(took.count() < 0.5 + late);
  CHECK(mc.get(key).value == "elsewhere");
  CHECK(mc.counters()[0].marked_dead == 1);
}

TEST_CASE("a server is not blamed for the time that another one had used up", "[policy]") {
  memcached first, second;
  fault_proxy far(second.port());
  boost::asio::io_context io;
  client mc(io, {first.address(), far.address()}, {.timeout = 400ms, .dead_retry = 5s});
  std::string key, other;
  for (int i = 0; mc.server_for(key = "key" + std::to_string(i)) != first.address(); ++i) {
  }
  for (int i = 0; mc.server_for(other = "key" + std::to_string(i)) != far.address(); ++i) {
  }
  first.pause();
  far.set({.what = fault::kind::delay, .time = 20ms});
  // When the first runs out of time the others are sent on, the next of them with hardly any left.
  std::deque<answer> got(20);
  for (answer& a : got) {
    io.restart();
    mc.async_get(key, into(a));
    io.run_for(5ms);
  }
  finish(io);
  // One of these had a part there from the beginning, too.
  answers both;
  mc.forget_dead_hosts();
  mc.disconnect_all();
  const std::string_view keys[] = {key, other};
  io.restart();
  answer first_to_know;
  mc.async_get(key, into(first_to_know));
  io.run_for(5ms);
  mc.async_get_multi(keys, into(both));
  finish(io);
  answer after;
  mc.async_get(other, into(after));
  finish(io);
  CHECK(shown(after) == "miss");
  // Its own part was answered; the other one had waited for the first, whatever came of it where it was sent on to.
  REQUIRE(both.got.size() == 2);
  CHECK(both.got[1].status == status::miss);
  if (both.ec) CHECK(both.got.failures().front().server == first.address());
  CHECK(shown(got.front()) == "timed out");
  CHECK(shown(got.back()) == "miss");
  CHECK(mc.counters()[0].marked_dead == 2);
  CHECK(mc.counters()[1].marked_dead == 0);
}

TEST_CASE("who has only said that nothing more comes may still read, in every style", "[policy]") {
  const style how = GENERATE(from_range(every_style()));
  INFO(how.name);
  std::string read;
  {
    peer half([&](peer::connection& c, int number) {
      if (number == 0) {
        c.read_until("\r\n");
        c.send("END\r\n");
        c.half_close();
      }
      read += c.read_for(300);
    });
    auto mc = how.make({half.address()}, {.timeout = 1s, .protocol = wire_protocol::text});
    CHECK(std::get<1>(mc->one({.op = verb::get, .key = "k"})).status == status::miss);
    const auto [ec, r] = mc->one({.op = verb::incr, .key = "k", .number = 1});  // at once: not looked at before
    CHECK((ec == errc::in_doubt || read.empty()));
  }
  CHECK(read.size() <= std::string_view("incr k 1\r\n").size());
}

TEST_CASE("an answer that comes too late for everybody brings no server back", "[policy]") {
  memcached server;
  boost::asio::io_context io;
  client mc(io, {server.address()}, {.timeout = 400ms, .dead_retry = 60s});
  const auto ask_for = [&](std::initializer_list<std::string_view> keys) {
    int timed_out = 0;
    for (const std::string_view key : keys)
      mc.async_get(key, [&](error_code ec, const reply&) { timed_out += ec == errc::timed_out; });
    io.restart();
    io.run_for(1s);
    return timed_out;
  };
  CHECK(ask_for({"k"}) == 0);
  server.pause();
  std::thread later([&] {
    std::this_thread::sleep_for(600ms);
    server.resume();
  });
  CHECK(ask_for({"k", "l"}) == 2);
  later.join();
  CHECK(mc.counters()[0].orphaned_replies == 2);
  CHECK(mc.counters()[0].dead);
}

TEST_CASE("the log tells what happens to a server, in every style", "[policy]") {
  const style how = GENERATE(from_range(every_style()));
  memcached server;
  journal log;
  auto mc = how.make({server.address()}, {.timeout = 200ms, .dead_retry = 100ms, .log = log.at(log_level::debug)});
  INFO(how.name);
  mc->one({.op = verb::set, .key = "k", .value = "v"});
  CHECK(log.count(server.address() + ": connected") == 1);
  CHECK(log.take().size() == 1);

  server.pause();
  mc->one({.op = verb::get, .key = "k"});
  CHECK(log.count(server.address() + ": marked dead for 0.1 s: timed out") == 1);
  CHECK(log.count(server.address() + ": get: timed out (after 0.2") == 1);
  server.resume();
  log.take();
  std::this_thread::sleep_for(150ms);
  mc->one({.op = verb::get, .key = "k"});
  CHECK(log.count(server.address() + ": is back") == 1);

  server.kill();
  log.take();
  const auto [ec, r] = mc->one({.op = verb::get, .key = "k"});
  CHECK(ec);
  CHECK(log.count(": connection lost: ") == 1);
  CHECK(log.count(": marked dead for 0.1 s: Connection refused") == 1);
}

TEST_CASE("the log has what is asked for, and what it throws is dropped", "[policy]") {
  memcached server;
  journal log;
  blocking_client quiet({server.address()}, {.log = log.at(log_level::info)});
  quiet.set("k", "v");
  CHECK(log.take().empty());

  logger broken{log_level::debug, [](log_level, std::string_view) { throw std::runtime_error("the disk is full"); }};
  blocking_client mc({server.address()}, {.log = broken});
  CHECK(mc.set("k", "v").status == status::stored);
}
