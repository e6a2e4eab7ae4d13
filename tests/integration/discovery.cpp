// Servers that a cluster's configuration endpoint tells of.

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <thread>

#include "support/in_every_style.hpp"
#include "support/memcached.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using namespace std::chrono_literals;

namespace {

class endpoint {
 public:
  explicit endpoint(std::string nodes) { say(1, std::move(nodes)); }

  server address() const { return peer_.address(); }

  void say(int version, const std::string& nodes) {
    const std::lock_guard lock(mutex_);
    text_ = std::to_string(version) + '\n' + nodes + '\n';
  }

 private:
  void serve(peer::connection& c) {
    while (c.read_until("\r\n") == "config get cluster\r\n") {
      const std::lock_guard lock(mutex_);
      c.send("CONFIG cluster 0 " + std::to_string(text_.size()) + "\r\n" + text_ + "\r\nEND\r\n");
    }
  }

  std::mutex mutex_;
  std::string text_;
  peer peer_{[this](peer::connection& c, int) { serve(c); }, peer::service::at_once};
};

std::string node(const memcached& m) { return "node-" + std::to_string(m.port()) + "|127.0.0.1|" + std::to_string(m.port()); }

}  // namespace

TEST_CASE("the servers are those that the endpoint tells of, and follow it, in every style", "[discovery]") {
  const style by = GENERATE(from_range(every_style()));
  INFO(by.name);
  const memcached one, other;
  endpoint cluster(node(one));
  const auto mc = by.make({cluster.address()}, {.discovery_interval = 10ms});
  const auto say = [&](const request& r) {
    const auto [ec, got] = mc->one(r);
    return ec ? shown(ec) : shown(got);
  };
  CHECK(say({.op = verb::set, .key = "k", .value = "v"}) == "stored");
  CHECK(std::get<1>(mc->version()).size() == 1);
  cluster.say(2, node(other));
  std::string got;
  const auto patience = std::chrono::steady_clock::now() + 5s;
  while ((got = say({.op = verb::get, .key = "k"})) == "hit v f0" && std::chrono::steady_clock::now() < patience)
    std::this_thread::sleep_for(1ms);
  CHECK(got == "miss");
}

TEST_CASE("a client knows how its cluster's discovery fares", "[discovery]") {
  const memcached one;
  endpoint cluster(node(one));
  blocking_client mc({cluster.address()}, {.discovery_interval = 10ms});
  CHECK_FALSE(mc.server_for("k"));
  mc.get("k");
  CHECK(mc.discovery().version == 1);
  CHECK(mc.server_for("k") == one.address() + " node-" + std::to_string(one.port()) + ":" + std::to_string(one.port()));
  cluster.say(2, "nonsense");
  const auto patience = std::chrono::steady_clock::now() + 5s;
  while (mc.discovery().failures == 0 && std::chrono::steady_clock::now() < patience) {
    mc.get("k");
    std::this_thread::sleep_for(1ms);
  }
  CHECK_THAT(mc.discovery().last_failure, Catch::Contains(cluster.address().text));
  CHECK(mc.servers().size() == 1);
}

TEST_CASE("an operation that waits for the servers may be cancelled, or left by its client", "[discovery]") {
  peer silent([](peer::connection& c, int) { c.wait_for_close(); }, peer::service::at_once);
  boost::asio::io_context io;
  boost::asio::cancellation_signal stop;
  error_code cancelled, closed, late;
  {
    client mc(io, {silent.address()}, {.timeout = 200ms, .discovery_interval = 1s});
    mc.async_get("a", boost::asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, reply) { cancelled = ec; }));
    mc.async_get("b", [&](error_code ec, reply) { late = ec; });
    io.run_for(50ms);
    stop.emit(boost::asio::cancellation_type::terminal);
    io.run_for(20ms);
    CHECK(cancelled == boost::asio::error::operation_aborted);
    io.run_for(400ms);
    CHECK(late);
    CHECK(late != boost::asio::error::operation_aborted);
  }
  io.restart();
  {
    client mc(io, {silent.address()}, {.timeout = 10s, .discovery_interval = 1s});
    mc.async_get("c", [&](error_code ec, reply) { closed = ec; });
    io.run_for(20ms);
    mc.close();
    io.run_for(200ms);
  }
  CHECK(closed == boost::asio::error::operation_aborted);
}
