// Servers whose names move to other addresses.

#include "net/name_watch.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <thread>

#include "support/in_every_style.hpp"
#include "support/memcached.hpp"
#include "support/names.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using namespace std::chrono_literals;

namespace {

// Two servers on one port of two addresses, and a name that is first the one's and then the other's.
struct moving {
  memcached old_place;
  memcached new_place{"127.0.0.2", old_place.port()};
  names::given name{"moving.test", {"127.0.0.1"}};

  server where() const { return "moving.test:" + std::to_string(old_place.port()); }
  static void move() { names::set("moving.test", {"127.0.0.2"}); }
};

struct caller {
  std::unique_ptr<calling_style> mc;

  std::string get(std::string_view key) const {
    const auto [ec, r] = mc->one({.op = verb::get, .key = key});
    return ec ? ec.message() : shown(r);
  }
  std::string set(std::string_view key, std::string_view value) const {
    const auto [ec, r] = mc->one({.op = verb::set, .key = key, .value = value});
    return ec ? ec.message() : shown(r);
  }
};

}  // namespace

TEST_CASE("a name that moves is followed, and no call notices, in every style", "[names]") {
  const style by = GENERATE(from_range(every_style()));
  INFO(by.name);
  moving servers;
  const caller c{by.make({servers.where()}, {.resolve_interval = 50ms})};
  CHECK(c.set("k", "old") == "stored");
  servers.move();
  std::string got;
  int calls = 0;
  const auto patience = std::chrono::steady_clock::now() + 3s;
  while ((got = c.get("k")) == "hit old f0" && std::chrono::steady_clock::now() < patience) {
    ++calls;
    std::this_thread::sleep_for(1ms);
  }
  CHECK(got == "miss");
  CHECK(calls > 10);  // it was the old server's for a while
  CHECK(c.set("k", "new") == "stored");
  CHECK(c.get("k") == "hit new f0");
}

TEST_CASE("a server that comes back elsewhere is found by the next call, in every style", "[names]") {
  const style by = GENERATE(from_range(every_style()));
  INFO(by.name);
  moving servers;
  const caller c{by.make({servers.where()}, {.resolve_interval = 0ms})};
  CHECK(c.set("k", "old") == "stored");
  servers.move();
  CHECK(c.get("k") == "hit old f0");  // as long as the connection lives
  servers.old_place.kill();
  CHECK(c.get("k") == "miss");
  CHECK(c.set("k", "new") == "stored");
}

TEST_CASE("a resolver that fails leaves what is known, in every style", "[names]") {
  const style by = GENERATE(from_range(every_style()));
  INFO(by.name);
  moving servers;
  const caller c{by.make({servers.where()}, {.resolve_interval = 20ms})};
  CHECK(c.set("k", "v") == "stored");
  names::set("moving.test", {});
  for (int i = 0; i < 20; ++i) {
    CHECK(c.get("k") == "hit v f0");
    std::this_thread::sleep_for(5ms);
  }
  CHECK(names::lookups("moving.test") > 1);
  servers.old_place.restart();
  CHECK(c.get("k") == "miss");
}

TEST_CASE("a name is looked up once in an interval, however many look", "[names]") {
  const names::given name("watched.test", {"127.0.0.1"});
  net::name_watch watch("watched.test", 100ms);
  const auto start = net::steady_clock::now();
  const auto run_until = [&](net::steady_clock::duration end) {
    for (auto now = net::steady_clock::now(); now < start + end; now = net::steady_clock::now()) watch.look(now);
  };
  run_until(50ms);
  CHECK(names::lookups("watched.test") == 0);  // nobody has connected
  CHECK(watch.found({{}}, net::steady_clock::now()).size() == 1);
  CHECK(watch.version() == 0);
  run_until(120ms);
  CHECK(names::lookups("watched.test") == 0);
  run_until(1000ms);
  const int lookups = names::lookups("watched.test");
  CHECK(lookups >= 2);
  CHECK(lookups <= 9);
  CHECK(watch.version() == 1);  // what was found first is not what the name has
}
