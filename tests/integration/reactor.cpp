// The reactor: its thread's beginning and end, with calls under way, from inside a handler, and many times over.

#include <catch2/catch.hpp>

#include <signal.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <cmemcache/client.hpp>
#include <cmemcache/reactor.hpp>

#include "support/memcached.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using cmemcache::test::memcached;
using cmemcache::test::peer;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace asio = boost::asio;

namespace {

using servers = std::vector<cmemcache::server>;

std::ptrdiff_t entries(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}
std::ptrdiff_t threads() { return entries("/proc/self/task"); }
std::ptrdiff_t descriptors() { return entries("/proc/self/fd"); }

// Threads that are detached, and sockets that are closed by one, take a moment.
template <class Count>
bool comes_down_to(std::ptrdiff_t number, Count count) {
  for (int i = 0; i < 200 && count() > number; ++i) std::this_thread::sleep_for(milliseconds(10));
  return count() <= number;
}

peer silent() {
  return peer([](peer::connection& c, int) { c.wait_for_close(); });
}

const client_options text{.protocol = wire_protocol::text};

// "" for a reply; else what went wrong.
std::string ended(std::future<reply>& f) {
  if (f.wait_for(seconds(5)) != std::future_status::ready) return "not ready";
  try {
    f.get();
    return "";
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted ? "aborted" : e.what();
  } catch (const std::future_error& e) {
    return e.code() == std::future_errc::broken_promise ? "broken" : e.what();
  }
}

std::vector<std::future<reply>> start(client& mc, int calls) {
  std::vector<std::future<reply>> all;
  for (int i = 0; i < calls; ++i) all.push_back(mc.async_get("key" + std::to_string(i), asio::use_future));
  return all;
}

}  // namespace

TEST_CASE("a reactor's thread begins with the first use, and takes no signals", "[reactor]") {
  const auto before = threads();
  reactor runs;
  CHECK(threads() == before);
  std::promise<bool> blocked;
  asio::post(runs.get_executor(), [&] {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked.set_value(::sigismember(&mask, SIGINT) == 1 && ::sigismember(&mask, SIGTERM) == 1);
  });
  CHECK(blocked.get_future().get());
  CHECK(threads() == before + 1);
  runs.stop();
  CHECK(threads() == before);
  runs.stop();
}

TEST_CASE("many threads call one client on a reactor", "[reactor]") {
  const memcached server;
  reactor runs;
  client mc(runs, {server.address()});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  for (int t = 0; t < 8; ++t)
    callers.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string key = std::to_string(t) + ":" + std::to_string(i % 10), value = key + std::to_string(i);
        auto stored = mc.async_set(key, value, asio::use_future);
        auto got = mc.async_get(key, asio::use_future);  // calls of one thread keep their order
        wrong += stored.get().status != status::stored;
        wrong += got.get().value != value;
      }
    });
  for (auto& c : callers) c.join();
  CHECK(wrong == 0);
  CHECK(mc.counters()[0].connections == 1);
}

TEST_CASE("client, then reactor: every future is ready", "[reactor]") {
  const memcached answering;
  const peer mute = silent();
  const bool answers = GENERATE(true, false), written = GENERATE(true, false);
  std::vector<std::future<reply>> all;
  {
    reactor runs;
    client mc(runs, {answers ? answering.address() : mute.address()}, text);
    all = start(mc, 1000);
    if (written) std::this_thread::sleep_for(milliseconds(50));
  }
  std::map<std::string, int> how;
  for (auto& f : all) ++how[ended(f)];
  CHECK(how.count("not ready") == 0);
  CHECK(how.count("broken") == 0);
  if (!answers && written) CHECK(how["aborted"] == 1000);
}

TEST_CASE("a client in a handler's hands may be the last, too", "[reactor]") {
  const memcached server;
  const auto before = threads();
  {
    reactor runs;
    auto mc = std::make_shared<client>(runs, servers{server.address()});
    auto done = std::make_shared<std::promise<void>>();
    auto waits = done->get_future();
    mc->async_get("k", [mc, done](error_code, const reply&) { done->set_value(); });
    mc.reset();
    waits.get();
  }
  CHECK(threads() == before);
}

TEST_CASE("stop() leaves nobody waiting", "[reactor]") {
  const peer mute = silent();
  const auto before = threads();
  std::vector<std::future<reply>> all;
  reactor runs;
  {
    client mc(runs, {mute.address()}, text);
    all = start(mc, 100);
    if (GENERATE(true, false)) std::this_thread::sleep_for(milliseconds(20));
  }
  runs.stop();
  CHECK(threads() == before);
  for (auto& f : all) CHECK(ended(f) != "not ready");
}

TEST_CASE("stop() from inside a handler ends the thread when that returns", "[reactor]") {
  const memcached server;
  const auto before = threads();
  std::vector<std::future<reply>> all;
  reactor runs;
  auto mc = std::make_unique<client>(runs, servers{server.address()});
  std::promise<void> stopped;
  mc->async_get("k", [&](error_code, const reply&) {
    all = start(*mc, 10);
    mc.reset();
    runs.stop();
    stopped.set_value();
  });
  stopped.get_future().get();
  CHECK(comes_down_to(before, threads));
  for (auto& f : all) CHECK(ended(f) != "not ready");
}

TEST_CASE("a stopped reactor may be used again", "[reactor]") {
  const memcached server;
  reactor runs;
  for (int i = 0; i < 3; ++i) {
    {
      client mc(runs, {server.address()});
      CHECK(mc.async_set("k", "v", asio::use_future).get().status == status::stored);
    }
    runs.stop();
  }
}

TEST_CASE("short-lived reactors leave no thread and no descriptor", "[reactor]") {
  const memcached answering;
  const peer mute = silent();
  const auto live = [&](int i) {
    reactor runs;
    client one(runs, {answering.address()}), two(runs, {mute.address()}, text);
    client named(runs, {"localhost:1"}), unused(runs, {});
    auto answered = start(one, 3), unanswered = start(two, 3);
    auto looked_up = named.async_get("k", asio::use_future);
    if (i % 2 == 0) CHECK(ended(answered.back()).empty());
  };
  const auto others = threads();  // the test's, the peer's, and a sanitizer's
  live(0);
  REQUIRE(comes_down_to(others, threads));
  const auto fds = descriptors();
  for (int i = 0; i < 100; ++i) live(i);
  CHECK(comes_down_to(others, threads));
  CHECK(comes_down_to(fds, descriptors));
}

TEST_CASE("calls begun before close() are aborted, and not refused as later ones", "[reactor]") {
  asio::io_context io;
  client mc(io, {"127.0.0.1:1"}, text);
  error_code before, after;
  mc.async_get("k", [&](error_code ec, const reply&) { before = ec; });
  mc.close();
  mc.async_get("k", [&](error_code ec, const reply&) { after = ec; });
  io.run();
  CHECK(before == asio::error::operation_aborted);
  CHECK(after == errc::closed);
}

TEST_CASE("stop() before the client is destroyed leaves nobody waiting", "[reactor]") {
  const peer mute = silent();
  std::vector<std::future<reply>> all;
  {
    reactor runs;
    client mc(runs, {mute.address()}, text);
    all = start(mc, 100);
    std::this_thread::sleep_for(milliseconds(20));
    runs.stop();
  }
  for (auto& f : all) CHECK(ended(f) != "not ready");
}
