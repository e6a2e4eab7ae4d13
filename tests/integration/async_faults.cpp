// Servers that are absent, silent or slow, met by asynchronous calls: nothing is late, and nobody waits behind the dead.

#include <catch2/catch.hpp>

#include <chrono>
#include <deque>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>

#include <cmemcache/client.hpp>

#include "support/memcached.hpp"
#include "support/outcome.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using std::chrono::milliseconds;

namespace {

client_options impatient(wire_protocol protocol = wire_protocol::text) {
  return {.timeout = milliseconds(200), .dead_retry = milliseconds(5000), .protocol = protocol};
}

// Of `servers`, a key for each.
std::vector<std::string> key_for_each(const client& mc) {
  std::vector<std::string> keys;
  for (const server& s : mc.servers())
    for (int i = 0;; ++i)
      if (std::string key = "key" + std::to_string(i); mc.server_for(key) == s.text) {
        keys.push_back(key);
        break;
      }
  return keys;
}

}  // namespace

TEST_CASE("nobody answers, and no call is late", "[async][faults]") {
  boost::asio::io_context io;
  answer got, after;
  SECTION("a silent server") {
    peer silent([](peer::connection& c, int) { c.wait_for_close(); });
    const auto protocol = GENERATE(wire_protocol::text, wire_protocol::automatic);
    client mc(io, {silent.address()}, impatient(protocol));
    mc.async_get("k", into(got));
    const double took = finish(io);
    CHECK(got.ec == errc::timed_out);
    CHECK(got.took > 0.19);
    CHECK(got.took < 0.2 + late);
    CHECK(took < 0.4 + late);  // the connection is given up after another timeout
    CHECK(mc.counters()[0].timeouts == 1);
    CHECK(mc.counters()[0].dead);
    CHECK(mc.counters()[0].connections == 0);
    CHECK(mc.counters()[0].in_flight == 0);
    mc.async_get("k", into(after));
    CHECK(finish(io) < late);
    CHECK(after.ec == errc::no_server);
  }
  SECTION("a byte at a time") {
    peer slow([](peer::connection& c, int) {
      c.read_until("\r\n");
      c.drip("VALUE k 0 100\r\n" + std::string(100, 'x') + "\r\nEND\r\n", 20);
    });
    client mc(io, {slow.address()}, impatient());
    mc.async_get("k", into(got));
    io.run_for(milliseconds(400));
    CHECK(got.ec == errc::timed_out);
    CHECK(got.got.status == status::unanswered);
    CHECK(got.took < 0.2 + late);
  }
  SECTION("a port that refuses") {
    client mc(io, {"127.0.0.1:" + std::to_string(free_port())}, impatient());
    mc.async_get("k", into(got));
    CHECK(finish(io) < late);
    CHECK(got.ec == boost::system::errc::connection_refused);
    CHECK(mc.counters()[0].marked_dead == 1);
  }
  SECTION("a name that nobody knows") {
    client mc(io, {"no.such.host.invalid"}, impatient());
    mc.async_get("k", into(got));
    CHECK(finish(io) < 0.2 + late);
    CHECK((got.ec == errc::host_not_found || got.ec == errc::timed_out));
  }
  SECTION("a socket that is not there") {
    client mc(io, {"unix:/nonexistent/socket"}, impatient());
    mc.async_get("k", into(got));
    CHECK(finish(io) < late);
    CHECK(got.ec == boost::system::errc::no_such_file_or_directory);
  }
  SECTION("a full backlog") {
    const unanswered_port full;
    client mc(io, {full.address()}, impatient());
    mc.async_get("k", into(got));
    CHECK(finish(io) < 0.2 + late);  // what nobody waits for is not connected to
    CHECK(got.ec == errc::timed_out);
    CHECK(got.took < 0.2 + late);
    CHECK(mc.counters()[0].dead);
  }
  SECTION("no servers at all") {
    client mc(io, {}, impatient());
    mc.async_get("k", into(got));
    CHECK(finish(io) < late);
    CHECK(got.ec == errc::no_server);
  }
}

TEST_CASE("a store that its server does not take is not late", "[async][faults]") {
  peer full([](peer::connection&, int) { std::this_thread::sleep_for(milliseconds(600)); });
  boost::asio::io_context io;
  client_options options = impatient();
  options.max_value_length = 64 * 1024 * 1024;
  client mc(io, {full.address()}, options);
  answer stored, silent;
  {
    const std::string large(8 * 1024 * 1024, 'x');
    mc.async_set("k", large, into(stored));
    io.run_for(milliseconds(250));
    while (!stored.done()) io.run_for(milliseconds(10));
  }
  CHECK(stored.ec == errc::timed_out);
  CHECK(stored.took < 0.2 + late);
  CHECK(finish(io) < 0.2 + late);
}

TEST_CASE("a connection that is not made in time sends its callers elsewhere", "[async][faults]") {
  const unanswered_port full;
  memcached good;
  boost::asio::io_context io;
  client mc(io, {full.address(), good.address()}, {.connect_timeout = milliseconds(100), .timeout = milliseconds(1000)});
  const std::string key = key_for_each(mc)[0];
  answer got[3], after;
  for (answer& a : got) mc.async_get(key, into(a));
  CHECK(finish(io) < 0.1 + late);
  for (answer& a : got) CHECK(shown(a) == "miss");
  mc.async_set(key, "v", into(after));
  CHECK(finish(io) < late);
  CHECK(shown(after) == "stored");
}

TEST_CASE("who is queued for a server that proves dead goes elsewhere, or is told", "[async][faults]") {
  memcached good;
  peer silent([](peer::connection& c, int) { c.wait_for_close(); });
  boost::asio::io_context io;
  client_options options = impatient();
  options.max_in_flight = 5;
  options.failover = GENERATE(true, false);
  client mc(io, {silent.address(), good.address()}, options);
  const auto keys = key_for_each(mc);
  std::deque<answer> early, late_ones;
  answers many;
  for (int i = 0; i < 5; ++i) mc.async_get(keys[0], into(early.emplace_back()));
  io.run_for(milliseconds(150));
  for (int i = 0; i < 20; ++i) mc.async_set(keys[0], "v", into(late_ones.emplace_back()));
  const std::string_view both[] = {keys[1], keys[0]};
  mc.async_get_multi(both, into(many));
  CHECK(finish(io) < 0.25 + late);
  for (const answer& a : early) CHECK(a.ec == errc::timed_out);
  for (const answer& a : late_ones) {
    CHECK(a.took < 0.05 + late);  // told when the server was marked dead
    if (options.failover) CHECK(shown(a) == "stored");
    else CHECK(a.ec == errc::no_server);
  }
  REQUIRE(many.done());
  CHECK(many.got[0].status == status::miss);
  CHECK(many.got[1].status == (options.failover ? status::hit : status::unanswered));
  CHECK(many.ec == (options.failover ? error_code() : error_code(errc::no_server)));
}

TEST_CASE("one silent server of three keeps nobody's answers", "[async][faults]") {
  memcached one, two;
  peer silent([](peer::connection& c, int) { c.wait_for_close(); });
  boost::asio::io_context io;
  client mc(io, {one.address(), silent.address(), two.address()}, impatient(wire_protocol::automatic));
  const auto keys = key_for_each(mc);
  answer stored[2];
  mc.async_set(keys[0], "one", into(stored[0]));
  mc.async_set(keys[2], "two", into(stored[1]));
  CHECK(finish(io) < 1 + late);
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  answers got;
  outcome<std::vector<server_stats>> versions;
  mc.async_get_multi(views, into(got));
  mc.async_version(into(versions));
  CHECK(finish(io) < 0.4 + late);
  CHECK(got.ec == errc::timed_out);
  CHECK(got.took < 0.2 + late);
  REQUIRE(got.got.size() == 3);
  CHECK(got.got[0].value == "one");
  CHECK(got.got[1].status == status::unanswered);
  CHECK(got.got[2].value == "two");
  REQUIRE(got.got.failures().size() == 1);
  CHECK(got.got.failures()[0].server == silent.address());
  CHECK((versions.ec == errc::timed_out || versions.ec == errc::no_server));
  CHECK(versions.got.size() == 2);
}

TEST_CASE("late replies are swallowed, and the connection goes on", "[async][faults]") {
  memcached server;
  boost::asio::io_context io;
  const auto protocol = GENERATE(wire_protocol::text, wire_protocol::automatic);
  client mc(io, {server.address()}, impatient(protocol));
  const std::string large(300000, 'l');
  answer stored[2];
  mc.async_set("k", "value", into(stored[0]));
  mc.async_set("large", large, into(stored[1]));
  CHECK(finish(io) < 1 + late);
  server.pause();
  std::deque<answer> missed;
  for (int i = 0; i < 10; ++i) {
    mc.async_get(i % 2 == 0 ? "k" : "large", into(missed.emplace_back()));
    mc.async_set("other" + std::to_string(i), "value", into(missed.emplace_back()));
  }
  const std::string_view keys[] = {"k", "large", "none"};
  answers many;
  mc.async_get_multi(keys, into(many));
  io.restart();
  io.run_for(milliseconds(280));
  for (const answer& a : missed) {
    CHECK(a.ec == errc::timed_out);
    CHECK(a.took < 0.2 + late);
  }
  CHECK(many.ec == errc::timed_out);
  CHECK(mc.counters()[0].orphaned_replies == 0);
  server.resume();
  mc.forget_dead_hosts();
  answer got[3];
  mc.async_get("other3", into(got[0]));
  mc.async_get("large", into(got[1]));
  mc.async_get("none", into(got[2]));
  CHECK(finish(io) < 1 + late);
  CHECK(shown(got[0]) == "hit value");
  CHECK(got[1].got.value == large);
  CHECK(shown(got[2]) == "miss");
  CHECK(mc.counters()[0].orphaned_replies == 21);
  CHECK(mc.counters()[0].reconnects == 0);
  CHECK(mc.counters()[0].connections == 1);
}

TEST_CASE("a probe does not wait behind what a dead server owes", "[async][faults]") {
  peer server([](peer::connection& c, int number) {
    if (number == 0) return c.wait_for_close();
    for (std::string line = c.read_until("\r\n"); !line.empty(); line = c.read_until("\r\n")) c.send("END\r\n");
  }, peer::service::at_once);
  boost::asio::io_context io;
  client_options options = impatient();
  options.timeout = milliseconds(300);
  options.dead_retry = milliseconds(50);
  client mc(io, {server.address()}, options);
  answer lost, probe;
  mc.async_get("k", into(lost));
  io.run_for(milliseconds(400));
  CHECK(lost.ec == errc::timed_out);
  mc.async_get("k", into(probe));
  CHECK(finish(io) < late);
  CHECK(shown(probe) == "miss");
  CHECK_FALSE(mc.counters()[0].dead);
}

TEST_CASE("a call that was not looked at before its deadline harms no server", "[async][faults]") {
  memcached server;
  boost::asio::io_context io;
  client mc(io, {server.address()}, impatient());
  answer got, after;
  mc.async_get("k", into(got));
  std::this_thread::sleep_for(milliseconds(250));
  CHECK(finish(io) < late);
  CHECK(got.ec == errc::timed_out);
  CHECK_FALSE(mc.counters()[0].dead);
  mc.async_get("k", into(after));
  CHECK(finish(io) < late);
  CHECK(shown(after) == "miss");
}

TEST_CASE("many calls to a stopped server are all told in time", "[async][faults]") {
  memcached server;
  boost::asio::io_context io;
  client mc(io, {server.address()}, impatient(wire_protocol::automatic));
  answer first;
  mc.async_get("k", into(first));
  CHECK(finish(io) < 1 + late);
  server.pause();
  std::deque<answer> got(10000);
  for (std::size_t i = 0; i < got.size(); ++i)
    i % 3 == 0 ? mc.async_get("k", into(got[i])) : mc.async_set("k", "v", into(got[i]));
  io.restart();
  io.run_for(milliseconds(1000));  // starting as many takes a while, too
  std::size_t in_time = 0;
  for (const answer& a : got) in_time += (a.ec == errc::timed_out || a.ec == errc::no_server) && a.took < 0.75 + late;
  CHECK(in_time == got.size());
  server.resume();
  CHECK(finish(io) < 1 + late);
}
