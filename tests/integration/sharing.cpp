// One client in many threads and in forked processes.

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <cmemcache/blocking_client.hpp>

#include "support/memcached.hpp"

using namespace cmemcache;
using cmemcache::test::memcached;

namespace {

// Stores and reads keys of its own; how many answers were not its own.
int wrong_answers(blocking_client& mc, const std::string& who, int rounds) {
  int wrong = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string key = who + ":" + std::to_string(i % 10);
    const std::string value = key + "=" + std::to_string(i);
    wrong += mc.set(key, value).status != status::stored;
    wrong += mc.get(key).value != value;
    const std::string other = who + ":none";
    const std::string_view keys[] = {key, other};
    const multi_reply both = mc.get_multi(keys);
    wrong += both[0].value != value || both[1].status != status::miss;
  }
  return wrong;
}

}  // namespace

TEST_CASE("many threads share a client and few connections", "[sharing]") {
  memcached one, two;
  blocking_client mc({one.address(), two.address()}, {.max_connections = 3});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t)
    threads.emplace_back([&, t] { wrong += wrong_answers(mc, "thread" + std::to_string(t), 200); });
  for (int i = 0; i < 20; ++i) {
    mc.set_servers({two.address(), one.address()});
    mc.disconnect_all();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    mc.set_servers({one.address(), two.address()});
  }
  for (auto& t : threads) t.join();
  // A key may be read on the other server while the list is changed; that is a miss and not a wrong value.
  CHECK(wrong <= 12 * 40 * 3);
  for (const auto& c : mc.counters()) CHECK(c.connections <= 3);
  wrong = 0;
  for (int t = 0; t < 3; ++t) wrong += wrong_answers(mc, "after", 50);
  CHECK(wrong == 0);
}

TEST_CASE("a caller over max_connections waits no longer than its deadline", "[sharing]") {
  memcached server;
  blocking_client mc({server.address()}, {.timeout = std::chrono::milliseconds(300), .max_connections = 1});
  mc.set("k", "v");
  server.pause();
  std::atomic<int> timed_out = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      error_code ec;
      const auto start = std::chrono::steady_clock::now();
      mc.get("k", ec);
      if (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(400)) timed_out += bool(ec);
    });
  for (auto& t : threads) t.join();
  CHECK(timed_out == 4);
  server.resume();
  mc.forget_dead_hosts();
  CHECK(mc.get("k").value == "v");
}

TEST_CASE("a closed client says so", "[sharing]") {
  memcached server;
  blocking_client mc({server.address()});
  mc.set("k", "v");
  mc.close();
  mc.close();
  error_code ec;
  mc.get("k", ec);
  CHECK(ec == errc::closed);
  mc.version(ec);
  CHECK(ec == errc::closed);
  CHECK(mc.counters()[0].connections == 0);
}

TEST_CASE("forked children and their parent use one client without meeting", "[sharing]") {
  memcached server;
  blocking_client mc({server.address()});
  mc.set("before", "v");
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;  // in the middle of calls while the fork happens
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      while (!stop) wrong += wrong_answers(mc, "parent" + std::to_string(t), 1);
    });
  std::vector<pid_t> children;
  for (int c = 0; c < 8; ++c) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      int bad = 99;
      try {
        bad = wrong_answers(mc, "child" + std::to_string(c), 100);
      } catch (...) {
      }
      ::_exit(bad == 0 ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = -1;
    ::waitpid(pid, &status, 0);
    CHECK(status == 0);
  }
  stop = true;
  for (auto& t : threads) t.join();
  CHECK(wrong == 0);
}
