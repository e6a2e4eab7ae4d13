// Many calls on few connections: what goes out together, what comes back and to whom, and what waits its turn.

#include <catch2/catch.hpp>

#include <atomic>
#include <deque>
#include <sstream>
#include <string>
#include <vector>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cmemcache/client.hpp>

#include "support/memcached.hpp"
#include "support/outcome.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using std::chrono::milliseconds;

namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// What a server that has every key but those that begin with "no" answers to a `get` line.
std::string values_of(const std::string& line) {
  std::string out;
  const auto words = words_of(line);
  for (std::size_t i = 1; i < words.size(); ++i)
    if (!words[i].starts_with("no")) out += "VALUE " + words[i] + " 0 " + std::to_string(words[i].size()) + "\r\n" + words[i] + "\r\n";
  return out + "END\r\n";
}

}  // namespace

TEST_CASE("gets started together are few lines, and each has its own answer", "[async][pipeline]") {
  std::atomic<int> lines = 0;
  peer server([&](peer::connection& c, int) {
    for (std::string line = c.read_until("\r\n"); !line.empty(); line = c.read_until("\r\n")) {
      ++lines;
      c.send(values_of(line));
    }
  });
  boost::asio::io_context io;
  client mc(io, {server.address()}, {.protocol = wire_protocol::text});
  for (int round = 0; round < 3; ++round) {
    std::deque<answer> got(1000);
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < got.size(); ++i)
      keys.push_back(i % 7 == 0 ? "no" + std::to_string(i) : "key" + std::to_string(i % 10 == 0 ? 5 : i));
    lines = 0;
    for (std::size_t i = 0; i < got.size(); ++i) mc.async_get(keys[i], into(got[i]));
    CHECK(finish(io) < 5);
    CHECK(lines <= 3);
    std::size_t right = 0;
    for (std::size_t i = 0; i < got.size(); ++i) right += shown(got[i]) == (i % 7 == 0 ? "miss" : "hit " + keys[i]);
    CHECK(right == got.size());
  }
  CHECK(server.accepted() == 1);
}

TEST_CASE("a caller's calls are carried out in their order", "[async][pipeline]") {
  memcached server;
  boost::asio::io_context io;
  const auto protocol = GENERATE(wire_protocol::automatic, wire_protocol::text, wire_protocol::meta);
  client mc(io, {server.address()}, {.protocol = protocol});
  std::deque<answer> got;
  const auto next = [&] { return into(got.emplace_back()); };
  for (int round = 0; round < 2; ++round) {
    got.clear();
    for (int i = 0; i < 50; ++i) {
      const std::string key = "key" + std::to_string(i % 3), value = "value" + std::to_string(i);
      mc.async_set(key, value, next());
      mc.async_get(key, next());
      mc.async_append(key, "+", next());
      mc.async_get(key, next());
      mc.async_delete(key, next());
      mc.async_get(key, next());
      mc.async_incr("none", next());
    }
    CHECK(finish(io) < 5);
    for (int i = 0; i < 50; ++i) {
      const std::string value = "value" + std::to_string(i);
      const std::string expected[] = {"stored", "hit " + value, "stored", "hit " + value + "+", "deleted", "miss", "not_found"};
      for (int j = 0; j < 7; ++j) CHECK(shown(got[static_cast<std::size_t>(i * 7 + j)]) == expected[j]);
    }
  }
  CHECK(mc.counters()[0].connections == 1);
  CHECK(mc.counters()[0].in_flight == 0);
}

TEST_CASE("values of every size come back whole", "[async][pipeline]") {
  memcached server({"-I", "4m", "-m", "256"});
  boost::asio::io_context io;
  const auto protocol = GENERATE(wire_protocol::automatic, wire_protocol::text);
  client mc(io, {server.address()}, {.protocol = protocol, .max_value_length = 4 * 1024 * 1024});
  std::vector<std::string> keys, values;
  for (const std::size_t middle : {0, 100, 4096, 16384, 65536, 1024 * 1024, 3 * 1024 * 1024})
    for (const std::size_t off : {0, 1, 2, 3, 30, 60}) {
      values.push_back({});
      for (std::size_t i = 0; values.back().size() < middle + off; ++i) values.back() += std::to_string(i * middle);
      values.back().resize(middle + off);
      keys.push_back("key" + std::to_string(middle) + "+" + std::to_string(off));
    }
  std::deque<answer> stored(keys.size()), got(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    mc.async_set(keys[i], values[i], into(stored[i]));
    mc.async_get(keys[i], into(got[i]));
  }
  CHECK(finish(io) < 5);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    INFO(keys[i]);
    CHECK(shown(stored[i]) == "stored");
    CHECK((got[i].got.status == status::hit && got[i].got.value == values[i]));
  }
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  answers all;
  mc.async_get_multi(views, into(all));
  CHECK(finish(io) < 5);
  REQUIRE(all.got.size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) CHECK(all.got[i].value == values[i]);
}

TEST_CASE("answers may come in any pieces", "[async][pipeline]") {
  const std::size_t size = GENERATE(1, 2, 3, 5, 100, 16 * 1024 - 1, 50000);
  const std::string large(size < 100 ? 300 : 100000, 'x');
  const std::string answer_bytes = "VALUE a 0 1\r\na\r\nVALUE big 0 " + std::to_string(large.size()) + "\r\n" + large +
                                   "\r\nVALUE a 0 1\r\na\r\nEND\r\nSTORED\r\nVALUE c 0 0\r\n\r\nEND\r\n";
  peer server([&](peer::connection& c, int) {
    c.read_until("get c\r\n");
    for (std::size_t at = 0; at < answer_bytes.size(); at += size) {
      c.send(answer_bytes.substr(at, size));
      std::this_thread::yield();
    }
    c.wait_for_close();
  });
  boost::asio::io_context io;
  client mc(io, {server.address()}, {.protocol = wire_protocol::text});
  answer got[6];
  mc.async_get("a", into(got[0]));
  mc.async_get("big", into(got[1]));
  mc.async_get("no", into(got[2]));
  mc.async_get("a", into(got[3]));
  mc.async_set("k", "v", into(got[4]));
  mc.async_get("c", into(got[5]));
  CHECK(finish(io) < 5);
  CHECK(shown(got[0]) == "hit a");
  CHECK(got[1].got.value == large);
  CHECK(shown(got[2]) == "miss");
  CHECK(shown(got[3]) == "hit a");
  CHECK(shown(got[4]) == "stored");
  CHECK(shown(got[5]) == "hit ");
}

TEST_CASE("a large store that is stuck does not keep the answers to others", "[async][pipeline]") {
  std::atomic<bool> answered_first = false;
  answer got, stored, after;
  peer server([&](peer::connection& c, int) {
    c.read_until("get k\r\n");
    c.send("VALUE k 0 1\r\nk\r\nEND\r\n");
    std::this_thread::sleep_for(milliseconds(150));
    c.read_until("get after\r\n");
    c.send("STORED\r\nEND\r\n");
    c.wait_for_close();
  });
  boost::asio::io_context io;
  client mc(io, {server.address()}, {.protocol = wire_protocol::text, .max_in_flight_bytes = 1 << 30, .max_value_length = 64 * 1024 * 1024});
  const std::string large(8 * 1024 * 1024, 'x');
  mc.async_get("k", [&](error_code ec, reply r) {
    into(got)(ec, std::move(r));
    answered_first = !stored.done();
  });
  mc.async_set("large", large, into(stored));
  mc.async_get("after", into(after));
  CHECK(finish(io, std::chrono::seconds(30)) < 30);
  CHECK(answered_first);
  CHECK(got.took < late);
  CHECK(shown(stored) == "stored");
  CHECK(shown(after) == "miss");
}

TEST_CASE("what a stalled server has been sent is bounded, and the rest is served later", "[async][pipeline]") {
  std::atomic<std::size_t> held = 0;
  boost::asio::io_context io;
  SECTION("keys") {
    peer server([&](peer::connection& c, int) {
      std::string first = c.read_for(200);
      held = words_of(first).size() - 1;
      c.send(values_of(first));
      for (std::string line = c.read_until("\r\n"); !line.empty(); line = c.read_until("\r\n")) c.send(values_of(line));
    });
    client mc(io, {server.address()}, {.protocol = wire_protocol::text, .max_in_flight = 100});
    std::deque<answer> got(1050);
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < 1050; ++i) keys.push_back("key" + std::to_string(i));
    for (std::size_t i = 0; i < 500; ++i) mc.async_get(keys[i], into(got[i]));
    const std::vector<std::string_view> many(keys.begin() + 500, keys.begin() + 1000);
    answers of_many;
    mc.async_get_multi(many, into(of_many));
    for (std::size_t i = 1000; i < 1050; ++i) mc.async_get(keys[i], into(got[i]));
    CHECK(finish(io) < 5);
    CHECK(held == 100);
    for (std::size_t i = 0; i < 1050; ++i)
      if (i < 500 || i >= 1000) CHECK(shown(got[i]) == "hit " + keys[i]);
    REQUIRE(of_many.done());
    for (std::size_t i = 0; i < 500; ++i) CHECK(of_many.got[i].value == many[i]);
  }
  SECTION("bytes") {
    const std::size_t size = GENERATE(1000, 10000, 100000);
    constexpr std::size_t bound = 200000;
    const std::size_t count = 2000000 / size;
    peer server([&](peer::connection& c, int) {
      std::string unread = c.read_for(200);
      held = unread.size();
      for (std::size_t stored = 0; stored < count; ++stored) {
        const std::size_t whole = unread.find("\r\n") + 2 + size + 2;
        if (unread.size() < whole) unread += c.read(whole - unread.size());
        if (unread.size() < whole) return;
        c.send("STORED\r\n");
        unread.erase(0, whole);
        if (stored + 1 < count && unread.find("\r\n") == unread.npos) unread += c.read_until("\r\n");
      }
      c.wait_for_close();
    });
    client mc(io, {server.address()}, {.timeout = milliseconds(8000), .protocol = wire_protocol::text, .max_in_flight_bytes = bound});
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < count; ++i) keys.push_back("key" + std::to_string(i));
    const std::string value(size, 'v');
    const bool bulk = GENERATE(false, true);
    std::deque<answer> stored(count);
    answers of_many;
    std::vector<std::pair<std::string_view, std::string_view>> pairs;
    for (const auto& key : keys) pairs.emplace_back(key, value);
    if (bulk) mc.async_set_multi(pairs, into(of_many));
    else
      for (std::size_t i = 0; i < count; ++i) mc.async_set(keys[i], value, into(stored[i]));
    CHECK(finish(io) < 9);
    CHECK(held >= bound / 2);
    CHECK(held <= bound + size + 50 * 300);
    std::size_t right = 0;
    if (bulk)
      for (const item& i : of_many.got) right += i.status == status::stored;
    else
      for (const answer& a : stored) right += shown(a) == "stored";
    CHECK(right == count);
  }
}

TEST_CASE("several connections to one server serve all", "[async][pipeline]") {
  memcached server;
  boost::asio::io_context io;
  client mc(io, {server.address()}, {.pipelined_connections = 4, .max_in_flight = 50});
  std::deque<answer> stored(2000), got(2000);
  for (std::size_t i = 0; i < stored.size(); ++i)
    mc.async_set("key" + std::to_string(i), "value" + std::to_string(i), into(stored[i]));
  CHECK(finish(io) < 5);
  CHECK(mc.counters()[0].connections == 4);
  for (std::size_t i = 0; i < got.size(); ++i) mc.async_get("key" + std::to_string(i), into(got[i]));
  CHECK(finish(io) < 5);
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(shown(stored[i]) == "stored");
    CHECK(shown(got[i]) == "hit value" + std::to_string(i));
  }
}

TEST_CASE("a hundred thousand keys on three servers", "[async][pipeline]") {
  memcached one({"-m", "256"}), two({"-m", "256"}), three({"-m", "256"});
  boost::asio::io_context io;
  client mc(io, {one.address(), two.address(), three.address()}, {.timeout = std::chrono::seconds(25)});
  std::vector<std::string> keys;
  for (int i = 0; i < 100000; ++i) keys.push_back("key" + std::to_string(i));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (const auto& key : keys) pairs.emplace_back(key, key);
  answers stored, got, deleted, gone;
  mc.async_set_multi(pairs, into(stored));
  mc.async_get_multi(views, into(got));
  CHECK(finish(io, std::chrono::seconds(50)) < 50);
  mc.async_delete_multi(views, into(deleted));
  mc.async_get_multi(views, into(gone));
  CHECK(finish(io, std::chrono::seconds(50)) < 50);
  const auto all = [](const answers& a, auto&& right) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < a.got.size(); ++i) n += right(i, a.got[i]);
    return !a.ec && n == 100000;
  };
  CHECK(all(stored, [](std::size_t, const item& i) { return i.status == status::stored; }));
  CHECK(all(got, [&](std::size_t n, const item& i) { return i.status == status::hit && i.value == keys[n]; }));
  CHECK(all(deleted, [](std::size_t, const item& i) { return i.status == status::deleted; }));
  CHECK(all(gone, [](std::size_t, const item& i) { return i.status == status::miss; }));
  for (const auto& c : mc.counters()) {
    CHECK(c.hits > 20000);
    CHECK(c.hits == c.stores);
    CHECK(c.hits == c.misses);
    CHECK(c.in_flight == 0);
  }
}

TEST_CASE("bulk stores are quiet, and a noreply store waits for nobody", "[async][pipeline]") {
  std::string first, second;
  peer server([&](peer::connection& c, int) {
    c.greet("1.6.18");
    first = c.read_until("mn\r\n");
    c.send("MN\r\n");
    second = c.read_until("get a\r\n");
    c.send("VALUE a 0 1\r\na\r\nEND\r\n");
    c.wait_for_close();
  });
  boost::asio::io_context io;
  client mc(io, {server.address()});
  const std::pair<std::string_view, std::string_view> pairs[] = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  answers stored;
  mc.async_set_multi(pairs, into(stored));
  CHECK(finish(io) < 5);
  REQUIRE(stored.got.size() == 3);
  for (const item& i : stored.got) CHECK(i.status == status::stored);
  answer silent, got;
  mc.async_execute({.op = verb::set, .key = "n", .value = "v", .noreply = true}, into(silent));
  CHECK(finish(io) < 1 + late);
  CHECK(shown(silent) == "stored");
  mc.async_get("a", into(got));
  CHECK(finish(io) < 5);
  CHECK(shown(got) == "hit a");
  CHECK(first == "ms a 1 O1 q\r\n1\r\nms b 1 O2 q\r\n2\r\nms c 1 O3 q\r\n3\r\nmn\r\n");
  CHECK(second == "set n 0 0 1 noreply\r\nv\r\nget a\r\n");
}
