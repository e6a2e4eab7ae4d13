// Bulk calls against real servers: order, misses, duplicates, refusals, several servers, more than sockets hold.

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <cmemcache/blocking_client.hpp>

#include "support/memcached.hpp"

using namespace cmemcache;
using cmemcache::test::memcached;

namespace {

struct pairs {
  std::vector<std::string> keys, values;
  std::vector<std::string_view> key_views;
  std::vector<std::pair<std::string_view, std::string_view>> views;

  pairs(std::size_t count, std::size_t size) {
    for (std::size_t i = 0; i < count; ++i) {
      keys.push_back("key:" + std::to_string(i));
      values.push_back(keys.back() + "=");
      values.back().resize(std::max(size, values.back().size()), 'x');
    }
    for (std::size_t i = 0; i < count; ++i) {
      key_views.push_back(keys[i]);
      views.emplace_back(keys[i], values[i]);
    }
  }
};

std::size_t count_of(const multi_reply& m, status s) {
  return static_cast<std::size_t>(std::count_if(m.begin(), m.end(), [=](const item& i) { return i.status == s; }));
}

}  // namespace

TEST_CASE("a bulk call answers each key in its place", "[bulk]") {
  const auto protocol = GENERATE(wire_protocol::automatic, wire_protocol::text, wire_protocol::meta);
  memcached one, two, three;
  blocking_client mc({one.address(), two.address(), three.address()}, {.protocol = protocol, .key_prefix = "p:"});
  pairs p(3000, 100);
  CHECK(count_of(mc.set_multi(p.views), status::stored) == 3000);

  std::vector<std::string_view> asked = p.key_views;
  asked[10] = "nokey";
  asked[20] = asked[30];  // twice
  const multi_reply got = mc.get_multi(asked);
  REQUIRE(got.size() == asked.size());
  CHECK(count_of(got, status::hit) == 2999);
  CHECK(got[10].status == status::miss);
  CHECK(got[20].value == p.values[30]);
  for (std::size_t i = 40; i < got.size(); ++i) REQUIRE(got[i].value == p.values[i]);

  const multi_reply deleted = mc.delete_multi(asked);
  CHECK(deleted[10].status == status::not_found);
  CHECK(count_of(deleted, status::deleted) == 2998);  // 30 was deleted once

  CHECK(mc.get_multi({}).size() == 0);
  std::vector<request> touches;
  for (const auto& key : p.key_views) touches.push_back({.op = verb::touch, .key = key, .exptime = 60});
  CHECK(count_of(mc.execute_multi(touches), status::touched) == 2);  // 10 and 20

  std::uint64_t stores = 0;
  for (const auto& c : mc.counters()) {
    CHECK(c.connections == 1);
    CHECK(c.stores > 500);
    stores += c.stores;
  }
  CHECK(stores == 3000);
}

TEST_CASE("a bulk call larger than the sockets' buffers reads while it writes", "[bulk]") {
  memcached server({"-m", "1024"});
  blocking_client mc({server.address()}, {.timeout = std::chrono::seconds(30)});
  pairs p(20000, 5000);
  CHECK(count_of(mc.set_multi(p.views), status::stored) == 20000);
  const multi_reply got = mc.get_multi(p.key_views);
  std::size_t right = 0;
  for (std::size_t i = 0; i < got.size(); ++i) right += got[i].value == p.values[i];
  CHECK(right == 20000);
}

TEST_CASE("of a bulk store exactly what the server refused is not stored", "[bulk]") {
  const auto protocol = GENERATE(wire_protocol::automatic, wire_protocol::text, wire_protocol::meta);
  memcached server({"-I", "512k"});
  blocking_client mc({server.address()}, {.protocol = protocol});
  pairs p(100, 50);
  p.values[7].resize(600'000, 'x');
  p.values[70].resize(700'000, 'x');
  p.values[71].resize(2'000'000, 'x');  // over the client's own limit
  for (std::size_t i = 0; i < 100; ++i) p.views[i].second = p.values[i];
  error_code ec;
  const multi_reply stored = mc.set_multi(p.views, 0, 0, ec);
  CHECK(ec == errc::value_too_large);
  CHECK(stored.failures().size() == 3);
  CHECK(std::ranges::count(stored.failures(), server.address(), &failure::server) == 2);
  for (std::size_t i = 0; i < 100; ++i) {
    const bool refused = i == 7 || i == 70 || i == 71;
    CHECK(stored[i].status == (refused ? status::unanswered : status::stored));
    CHECK(mc.get(p.keys[i]).status == (refused ? status::miss : status::hit));
  }
  CHECK(mc.counters()[0].reconnects == 0);
}

TEST_CASE("bad keys in a bulk call do not hinder the others", "[bulk]") {
  memcached server;
  blocking_client mc({server.address()});
  mc.set("good", "v");
  const std::string_view keys[] = {"good", "bad key", "", "good", "crlf\r\nflush_all"};
  error_code ec;
  const multi_reply got = mc.get_multi(keys, ec);
  CHECK(ec == errc::key_bad_character);
  CHECK(got[0].value == "v");
  CHECK(got[1].status == status::unanswered);
  CHECK(got[3].value == "v");
  CHECK(got.failures().size() == 3);
  CHECK_THROWS_AS(mc.get_multi(keys), error);
}
