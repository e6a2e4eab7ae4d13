// One asynchronous client in many threads and in forked processes, and what becomes of calls when it goes.

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <cmemcache/client.hpp>

#include "support/memcached.hpp"
#include "support/outcome.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using boost::asio::use_future;
using std::chrono::milliseconds;

namespace {

const auto aborted = boost::asio::error::operation_aborted;

// An io_context on some threads, until the end of its scope.
class running {
 public:
  explicit running(int count) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { io.run(); });
  }
  ~running() { finish(); }

  void finish() {
    work_.reset();
    for (auto& t : threads_) t.join();
    threads_.clear();
  }

  boost::asio::io_context io;

 private:
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_{io.get_executor()};
  std::vector<std::thread> threads_;
};

// Chains of calls that go on by themselves until they are stopped; whatever they get must be their key's.
struct chains {
  explicit chains(client& c) : mc(c) {}

  void next(int who, int i) {
    if (stop) return void(--alive);
    const std::string key = "key" + std::to_string((who * 7 + i) % 60);
    const auto over = [this, who, i, key](error_code ec, reply r) {
      ++completed;
      if (ec) ++failed;
      else if (r.status == status::hit && r.value != key + "-value") ++wrong;
      if (ec == errc::closed || ec == aborted) return void(--alive);
      next(who, i + 1);
    };
    if (i % 4 == 0) mc.async_set(key, key + "-value", over);
    else if (i % 16 == 5) many(who, i);
    else mc.async_get(key, over);
  }

  void many(int who, int i) {
    auto keys = std::make_shared<std::vector<std::string>>();
    for (int k = 0; k < 30; ++k) keys->push_back("key" + std::to_string(k * 2));
    auto views = std::make_shared<std::vector<std::string_view>>(keys->begin(), keys->end());
    mc.async_get_multi(*views, [this, who, i, keys, views](error_code ec, multi_reply r) {
      ++completed;
      for (std::size_t k = 0; k < r.size(); ++k)
        if (r[k].status == status::hit && r[k].value != (*keys)[k] + "-value") ++wrong;
      if (ec) ++failed;
      if (ec == errc::closed || ec == aborted) return void(--alive);
      next(who, i + 1);
    });
  }

  void start(int count) {
    alive += count;
    for (int i = 0; i < count; ++i) next(i, i);
  }

  bool end() {
    stop = true;
    for (int i = 0; i < 500 && alive != 0; ++i) std::this_thread::sleep_for(milliseconds(10));
    return alive == 0;
  }

  client& mc;
  std::atomic<bool> stop = false;
  std::atomic<int> alive = 0, completed = 0, failed = 0, wrong = 0;
};

// Stores and reads keys of its own; how many answers were not its own.
int wrong_answers(client& mc, const std::string& who, int rounds) {
  int wrong = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string key = who + ":" + std::to_string(i % 10), value = key + "=" + std::to_string(i);
    wrong += mc.async_set(key, value, use_future).get().status != status::stored;
    wrong += mc.async_get(key, use_future).get().value != value;
    const std::string other = who + ":none";
    const std::string_view keys[] = {key, other};
    const multi_reply both = mc.async_get_multi(keys, use_future).get();
    wrong += both[0].value != value || both[1].status != status::miss;
  }
  return wrong;
}

}  // namespace

TEST_CASE("many threads start calls on a context that runs on several", "[async][sharing]") {
  memcached one, two;
  running context(4);
  client mc(context.io, {one.address(), two.address()}, {.pipelined_connections = GENERATE(1, 3)});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] { wrong += wrong_answers(mc, "thread" + std::to_string(t), 100); });
  for (auto& t : threads) t.join();
  CHECK(wrong == 0);
  for (const auto& c : mc.counters()) CHECK(c.in_flight == 0);
}

TEST_CASE("servers are replaced, restarted and disconnected under load", "[async][sharing]") {
  memcached one, two;
  running context(3);
  client_options options{.timeout = milliseconds(2000), .dead_retry = milliseconds(20)};
  options.max_in_flight = GENERATE(10, 16 * 1024);
  options.pipelined_connections = options.max_in_flight == 10 ? 2 : 1;
  client mc(context.io, {one.address(), two.address()}, options);
  chains load(mc);
  load.start(100);
  for (int i = 0; i < 20; ++i) {
    mc.set_servers({two.address()});
    std::this_thread::sleep_for(milliseconds(5));
    mc.disconnect_all();
    mc.set_servers({two.address(), one.address()});
    std::this_thread::sleep_for(milliseconds(5));
    mc.set_servers({});
    mc.set_servers({one.address(), two.address()});
    mc.disconnect_all();
    if (i % 6 == 5) two.restart();
    mc.forget_dead_hosts();
  }
  CHECK(load.end());
  CHECK(load.wrong == 0);
  CHECK(load.completed > load.failed);
  std::this_thread::sleep_for(milliseconds(30));
  mc.forget_dead_hosts();
  CHECK(wrong_answers(mc, "after", 10) == 0);
  for (const auto& c : mc.counters()) CHECK(c.in_flight == 0);
}

TEST_CASE("a client is closed, or destroyed, under load", "[async][sharing]") {
  memcached server;
  const bool destroy = GENERATE(false, true);
  for (int round = 0; round < 5; ++round) {
    running context(3);
    std::optional<client> mc(std::in_place, context.io, std::vector<cmemcache::server>{server.address()});
    std::deque<answer> got(300);
    chains load(*mc);
    if (destroy)
      for (answer& a : got) mc->async_get("k", into(a));
    else load.start(50);
    std::this_thread::sleep_for(milliseconds(round * 3));
    if (destroy) {
      mc.reset();
      context.finish();
      for (const answer& a : got) CHECK((shown(a) == "miss" || a.ec == aborted));
    } else {
      mc->close();
      mc->close();
      CHECK(load.end());
      answer after;
      mc->async_get("k", into(after));
      context.finish();
      CHECK(after.ec == errc::closed);
      CHECK(mc->counters()[0].connections == 0);
    }
    CHECK(load.wrong == 0);
  }
}

TEST_CASE("a context may go before its calls are over", "[async][sharing]") {
  peer silent([](peer::connection& c, int) { c.wait_for_close(); });
  auto held = std::make_shared<int>(1);
  {
    boost::asio::io_context io;
    client mc(io, {silent.address()});
    for (int i = 0; i < 10; ++i) mc.async_get("k", [held](error_code, reply) { *held = 2; });
    const bool runs = GENERATE(false, true);
    if (runs) io.run_for(milliseconds(30));
  }
  CHECK(*held == 1);
  CHECK(held.use_count() == 1);  // the handlers are destroyed
}

TEST_CASE("a reactor is stopped before its clients go", "[async][sharing]") {
  memcached server;
  peer silent([](peer::connection& c, int) { c.wait_for_close(); }, peer::service::at_once);
  reactor runs;
  client mc(runs, {server.address()}), slow(runs, {silent.address()});
  CHECK(wrong_answers(mc, "reactor", 10) == 0);
  slow.async_get("k", [](error_code, reply) {});
  runs.stop();
  runs.stop();
}

TEST_CASE("calls on a reactor are ended by its client", "[async][sharing]") {
  peer silent([](peer::connection& c, int) { c.wait_for_close(); });
  reactor runs;
  std::future<reply> got;
  {
    client mc(runs, {silent.address()});
    got = mc.async_get("k", use_future);
    std::this_thread::sleep_for(milliseconds(20));
  }
  REQUIRE(got.wait_for(std::chrono::seconds(1)) == std::future_status::ready);
  CHECK_THROWS_AS(got.get(), boost::system::system_error);
}

// Without the sanitizers, as the other test that forks amid running threads.
TEST_CASE("forked children and their parent use one client on a reactor", "[async][sharing]") {
  memcached server;
  reactor runs;
  client mc(runs, {server.address()});
  mc.async_set("before", "v", use_future).get();
  chains load(mc);
  load.start(30);
  std::vector<pid_t> children;
  for (int c = 0; c < 6; ++c) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      int bad = 99;
      try {
        bad = wrong_answers(mc, "child" + std::to_string(c), 50);
      } catch (...) {
      }
      ::_exit(bad == 0 ? 0 : 1);
    }
    children.push_back(pid);
    std::this_thread::sleep_for(milliseconds(5));
  }
  for (const pid_t pid : children) {
    int status = -1;
    ::waitpid(pid, &status, 0);
    CHECK(status == 0);
  }
  CHECK(load.end());
  CHECK(load.wrong == 0);
  CHECK(load.failed == 0);
  CHECK(wrong_answers(mc, "parent", 20) == 0);
  CHECK(mc.counters()[0].reconnects == 0);
}

TEST_CASE("a forked child goes on with a user's context that is told", "[async][sharing]") {
  memcached server;
  boost::asio::io_context io;
  client mc(io, {server.address()}, {.timeout = milliseconds(1000)});
  answer stored;
  mc.async_set("k", "parent", into(stored));
  CHECK(finish(io) < 1 + late);
  server.pause();
  answer under_way;
  mc.async_get("k", into(under_way));
  io.restart();
  io.run_for(milliseconds(20));
  io.notify_fork(boost::asio::io_context::fork_prepare);
  const pid_t pid = ::fork();
  if (pid == 0) {
    io.notify_fork(boost::asio::io_context::fork_child);
    answer got, set_here;
    mc.async_set("child", "child", into(set_here));
    mc.async_get("child", into(got));
    server.resume();
    const double took = finish(io, milliseconds(2000));
    const bool good = took < 0.8 && shown(set_here) == "stored" && shown(got) == "hit child" && under_way.ec == aborted;
    ::_exit(good ? 0 : 1);
  }
  io.notify_fork(boost::asio::io_context::fork_parent);
  CHECK(finish(io) < 1 + late);
  CHECK(shown(under_way) == "hit parent");
  int status = -1;
  ::waitpid(pid, &status, 0);
  CHECK(status == 0);
  answer got;
  mc.async_get("child", into(got));
  CHECK(finish(io) < 1 + late);
  CHECK(shown(got) == "hit child");
  CHECK(mc.counters()[0].reconnects == 0);
}
