// Servers that are absent, silent, slow, restarted, or talk nonsense: nothing is late, nothing is another key's.

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <cmemcache/blocking_client.hpp>

#include "support/broken_answers.hpp"
#include "support/memcached.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using cmemcache::test::memcached;
using cmemcache::test::peer;
using std::chrono::milliseconds;

namespace {

double seconds_of(auto&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

client_options impatient(wire_protocol protocol = wire_protocol::text) {
  return {.timeout = milliseconds(200), .dead_retry = milliseconds(300), .protocol = protocol};
}

}  // namespace

TEST_CASE("no servers, and servers that are not there", "[faults]") {
  error_code ec;
  blocking_client none({});
  none.get("k", ec);
  CHECK(ec == errc::no_server);
  CHECK_FALSE(none.server_for("k"));
  CHECK(none.version(ec).empty());

  blocking_client wrong({"127.0.0.1:" + std::to_string(test::free_port())}, impatient());
  wrong.get("k", ec);
  CHECK(ec == boost::system::errc::connection_refused);
  CHECK(wrong.counters()[0].marked_dead == 1);
  wrong.get("k", ec);
  CHECK(ec == errc::no_server);  // left alone
  CHECK_THROWS_WITH(wrong.get("k"), Catch::Contains("marked dead"));

  blocking_client unknown({"no.such.host.invalid"}, impatient());
  unknown.get("k", ec);
  CHECK((ec == errc::host_not_found || ec == errc::timed_out));

  blocking_client no_path({"unix:/nonexistent/socket"}, impatient());
  no_path.get("k", ec);
  CHECK(ec == boost::system::errc::no_such_file_or_directory);
}

TEST_CASE("the deadline holds against a server that is silent, slow or stopped", "[faults]") {
  error_code ec;
  SECTION("it never answers") {
    peer silent([](peer::connection& c, int) { c.wait_for_close(); });
    const auto protocol = GENERATE(wire_protocol::text, wire_protocol::automatic);
    blocking_client mc({silent.address()}, impatient(protocol));
    const double took = seconds_of([&] { mc.get("k", ec); });
    CHECK(ec == errc::timed_out);
    CHECK(took > 0.19);
    CHECK(took < 0.25);
    CHECK(mc.counters()[0].timeouts == 1);
    CHECK(mc.counters()[0].dead);
    CHECK(seconds_of([&] { mc.get("k", ec); }) < 0.05);
    CHECK(ec == errc::no_server);
  }
  SECTION("it answers a byte at a time") {
    peer slow([](peer::connection& c, int) {
      c.read_until("\r\n");
      c.drip("VALUE k 0 100\r\n" + std::string(100, 'x') + "\r\nEND\r\n", 20);
    });
    blocking_client mc({slow.address()}, impatient());
    const double took = seconds_of([&] { mc.get("k", ec); });
    CHECK(ec == errc::timed_out);
    CHECK(took < 0.25);
  }
  SECTION("it takes no more of a large store") {
    peer full([](peer::connection&, int) { std::this_thread::sleep_for(milliseconds(500)); });
    client_options options = impatient();
    options.max_value_length = 64 * 1024 * 1024;
    blocking_client mc({full.address()}, options);
    const std::string large(32 * 1024 * 1024, 'x');
    const double took = seconds_of([&] { mc.set("k", large, 0, 0, ec); });
    CHECK(ec == errc::timed_out);
    CHECK(took < 0.3);
  }
  SECTION("it is stopped, and goes on") {
    memcached server;
    blocking_client mc({server.address()}, impatient(wire_protocol::automatic));
    mc.set("k", "k-value");
    server.pause();
    mc.get("k", ec);
    CHECK(ec == errc::timed_out);
    server.resume();
    mc.forget_dead_hosts();
    CHECK(mc.get("k").value == "k-value");
    CHECK(mc.get("other").status == status::miss);  // the late reply met nobody
  }
}

TEST_CASE("nonsense closes the connection and is reported", "[faults]") {
  const test::broken_answer nonsense = GENERATE(from_range(test::broken_answers("nonsense")));
  INFO(nonsense.name);
  peer server([&](peer::connection& c, int number) {
    if (number != 0) return test::serve_gets(c);
    c.read_until("\r\n");
    nonsense.play(c);
  });
  client_options options = impatient();
  options.timeout = milliseconds(3000);
  blocking_client mc({server.address()}, options);
  error_code ec;
  const reply got = mc.get("asked", ec);
  CHECK(ec == errc::protocol_error);
  CHECK((got.status == status::unanswered || got.value == "asked"));
  CHECK_FALSE(mc.counters()[0].dead);
  CHECK(mc.get("asked").value == "asked");
}

TEST_CASE("a restarted server is met by a new connection, and marked by nobody", "[faults]") {
  const auto protocol = GENERATE(wire_protocol::automatic, wire_protocol::text);
  memcached server;
  blocking_client mc({server.address()}, impatient(protocol));
  for (int i = 0; i < 5; ++i) {
    CHECK(mc.set("k", "v" + std::to_string(i)).status == status::stored);
    server.restart();
    if (i % 2 == 0) CHECK(mc.get("k").status == status::miss);
    CHECK(mc.add("k", "again").status == status::stored);
    CHECK(mc.incr("n").status == status::not_found);
  }
  CHECK(mc.counters()[0].marked_dead == 0);
  CHECK(mc.counters()[0].reconnects >= 5);
  CHECK(mc.counters()[0].connections == 1);
}

TEST_CASE("a store whose fate is unknown is not sent again", "[faults]") {
  std::atomic<int> received = 0;
  peer server([&](peer::connection& c, int number) {
    if (number == 0) {
      c.read_until("\r\n");
      c.send("1\r\n");
    }
    if (!c.read_until("\r\n").empty()) ++received;
    if (number % 2 == 1) c.reset_on_close();
  });
  blocking_client mc({server.address()}, impatient());
  error_code ec;
  CHECK(mc.incr("k", 1).number == 1);
  mc.incr("k", 1, ec);  // over the connection of before: taken, then closed
  CHECK(ec == errc::in_doubt);
  mc.incr("k", 1, ec);  // over a new one: taken, then reset
  CHECK(ec == errc::in_doubt);
  CHECK(received == 2);
  CHECK_FALSE(mc.counters()[0].dead);
}

TEST_CASE("a dead server's keys move to the others, and back", "[faults]") {
  memcached one, two;
  client_options options = impatient(wire_protocol::automatic);
  options.failover = GENERATE(true, false);
  blocking_client mc({one.address(), two.address()}, options);
  std::vector<std::string> keys;
  for (int i = 0; i < 50; ++i) keys.push_back("key" + std::to_string(i));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  std::size_t of_one = 0;
  for (const auto& key : keys) {
    mc.set(key, key);
    of_one += mc.server_for(key) == one.address();
  }
  REQUIRE((of_one > 5 && of_one < 45));

  one.kill();
  error_code ec;
  const multi_reply got = mc.get_multi(views, ec);
  std::size_t hits = 0, misses = 0, unanswered = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    hits += got[i].status == status::hit && got[i].value == keys[i];
    misses += got[i].status == status::miss;
    unanswered += got[i].status == status::unanswered;
  }
  CHECK(hits == 50 - of_one);
  CHECK(misses == (options.failover ? of_one : 0));
  CHECK(unanswered == (options.failover ? 0 : of_one));
  CHECK(!ec == options.failover);
  if (options.failover)
    for (const auto& key : keys) CHECK(mc.set(key, key).status == status::stored);

  one.start();
  std::this_thread::sleep_for(options.dead_retry + milliseconds(20));
  mc.get_multi(views, ec);
  CHECK_FALSE(mc.counters()[0].dead);
  for (const auto& key : keys) CHECK(mc.set(key, key).status == status::stored);
  CHECK(mc.counters()[0].stores > of_one);
}

TEST_CASE("one silent server does not keep the answers of the others", "[faults]") {
  memcached good;
  peer silent([](peer::connection& c, int) { c.wait_for_close(); });
  blocking_client mc({good.address(), silent.address()}, impatient());
  std::vector<std::string> keys;
  std::vector<std::string_view> of_good, all;
  for (int i = 0; i < 20; ++i) keys.push_back("key" + std::to_string(i));
  for (const auto& key : keys) {
    all.push_back(key);
    if (mc.server_for(key) == good.address()) mc.set(key, key), of_good.push_back(key);
  }
  error_code ec;
  const multi_reply got = mc.get_multi(all, ec);
  CHECK(ec == errc::timed_out);
  std::size_t hits = 0;
  for (std::size_t i = 0; i < got.size(); ++i) hits += got[i].value == all[i];
  CHECK(hits == of_good.size());
}

TEST_CASE("flush_on_reconnect empties a server that comes back from the dead", "[faults]") {
  memcached server;
  client_options options = impatient(wire_protocol::automatic);
  options.flush_on_reconnect = true;
  blocking_client mc({server.address()}, options);
  mc.set("stale", "v");
  server.pause();
  error_code ec;
  mc.get("stale", ec);
  CHECK(ec == errc::timed_out);
  server.resume();
  std::this_thread::sleep_for(options.dead_retry + milliseconds(20));
  CHECK(mc.get("stale").status == status::miss);
}
