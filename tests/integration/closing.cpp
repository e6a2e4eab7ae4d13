// The ends that an asynchronous client may come to: closed, destroyed or moved, with calls under way or without, and an
// execution context that is destroyed under calls.

#include <catch2/catch.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <cmemcache/client.hpp>

#include "support/memcached.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using cmemcache::test::memcached;
using cmemcache::test::peer;

namespace asio = boost::asio;

namespace {

// What came of calls of each sort.
struct calls {
  void start(client& mc) {
    const auto keep = [this, held = held](error_code ec, auto&&...) { codes.push_back(ec); };
    mc.async_get("k", keep);
    mc.async_set("k", large, keep);
    mc.async_execute({.op = verb::set, .key = "k", .value = "v", .noreply = true}, keep);
    mc.async_get_multi(keys, keep);
    mc.async_set_multi(pairs, keep);
    mc.async_stats(keep);
    mc.async_flush_all(keep);
  }

  static constexpr std::size_t number = 7;

  std::vector<error_code> codes;
  std::shared_ptr<int> held = std::make_shared<int>();   // by each handler
  std::string large = std::string(1'000'000, 'v');
  std::vector<std::string_view> keys{"a", "b", "c"};
  std::vector<std::pair<std::string_view, std::string_view>> pairs{{"a", "1"}, {"b", large}};
};

const std::vector<error_code> all_aborted(calls::number, asio::error::operation_aborted);
const std::vector<error_code> all_closed(calls::number, errc::closed);

peer silent() {
  return peer([](peer::connection& c, int) { c.wait_for_close(); });
}

// Long enough for what is under way to be written, and for what is written to be waited for.
void run_a_while(asio::io_context& io) {
  io.run_for(std::chrono::milliseconds(50));
  io.restart();
}

}  // namespace

TEST_CASE("destroying a client ends its calls", "[closing]") {
  const peer server = silent();
  asio::io_context io;
  std::optional<client> mc(std::in_place, io, std::vector<cmemcache::server>{server.address()},
                           client_options{.protocol = wire_protocol::text});
  calls c;
  c.start(*mc);
  run_a_while(io);
  REQUIRE(c.codes.empty());
  mc.reset();
  REQUIRE(c.codes.empty());
  io.run();
  REQUIRE(c.codes.size() == calls::number);
  CHECK(c.codes == all_aborted);
  CHECK(c.held.use_count() == 1);
}

TEST_CASE("close() ends what is under way and refuses what comes later", "[closing]") {
  const peer server = silent();
  asio::io_context io;
  client mc(io, {server.address()}, {.protocol = wire_protocol::text});
  calls before, after;
  before.start(mc);
  run_a_while(io);
  mc.close();
  after.start(mc);
  mc.close();
  io.run();
  CHECK(before.codes == all_aborted);
  CHECK(after.codes == all_closed);
  CHECK(mc.counters()[0].connections == 0);
  CHECK(mc.counters()[0].in_flight == 0);

  io.restart();
  calls later;
  later.start(mc);
  mc.close();
  io.run();
  CHECK(later.codes == all_closed);
}

TEST_CASE("a client that was never used may be closed, and destroyed", "[closing]") {
  asio::io_context io;
  client mc(io, {"127.0.0.1:1"});
  mc.close();
  mc.close();
  { const client other(io, {"127.0.0.1:1"}); }
  io.run();
  CHECK(mc.servers().size() == 1);
}

TEST_CASE("a client closes its connection, and not its calls' server", "[closing]") {
  const memcached server;
  asio::io_context io;
  std::optional<client> mc(std::in_place, io, std::vector<cmemcache::server>{server.address()});
  calls c;
  c.start(*mc);
  io.run();
  io.restart();
  CHECK(c.codes == std::vector<error_code>(calls::number));
  mc->close();
  io.run();
  io.restart();
  CHECK(mc->counters()[0].connections == 0);
  mc.reset();

  client another(io, {server.address()});
  std::string value;
  another.async_set("k", "v", [&](error_code, const reply&) {
    another.async_get("k", [&](error_code, reply r) { value = std::move(r.value); });
  });
  io.run();
  CHECK(value == "v");
}

TEST_CASE("a client moves, and its connection with it", "[closing]") {
  const memcached server;
  asio::io_context io;
  const auto served = [&](client& mc) {
    calls c;
    c.start(mc);
    io.restart();
    io.run();
    return c.codes == std::vector<error_code>(calls::number);
  };
  client first(io, {server.address()});
  CHECK(served(first));
  client second(std::move(first));
  CHECK(served(second));
  CHECK(second.counters()[0].reconnects == 0);
  CHECK(second.counters()[0].connections == 1);

  // Assigned to, with calls under way, a client ends these.
  const peer mute = silent();
  client third(io, {mute.address()}, {.protocol = wire_protocol::text});
  calls c;
  c.start(third);
  io.restart();
  run_a_while(io);
  third = std::move(second);
  CHECK(served(third));
  CHECK(c.codes == all_aborted);
  CHECK(third.counters()[0].reconnects == 0);
  CHECK(third.get_executor() == io.get_executor());
}

TEST_CASE("a handler may destroy the client", "[closing]") {
  const memcached server;
  asio::io_context io;
  auto mc = std::make_unique<client>(io, std::vector<cmemcache::server>{server.address()});
  calls rest;
  mc->async_get("k", [&](error_code ec, const reply&) {
    CHECK_FALSE(ec);
    mc.reset();
  });
  rest.start(*mc);
  io.run();
  CHECK(rest.codes.size() == calls::number);  // served or aborted, but each told once
  CHECK(rest.held.use_count() == 1);
}

TEST_CASE("with its context calls are destroyed, and not called", "[closing]") {
  const peer server = silent();
  calls c;
  auto io = std::make_unique<asio::io_context>();
  {
    client mc(*io, {server.address()}, {.protocol = wire_protocol::text});
    c.start(mc);
    SECTION("under way") { run_a_while(*io); }
    SECTION("just begun") {}
    CHECK(c.held.use_count() > 1);
  }
  const std::size_t called = c.codes.size();
  io.reset();
  CHECK(c.codes.size() == called);
  CHECK(c.held.use_count() == 1);
}

TEST_CASE("with its context completions that were not delivered are destroyed", "[closing]") {
  const memcached server;
  auto io = std::make_unique<asio::io_context>();
  calls c;
  {
    client mc(*io, {server.address()});
    c.start(mc);
    // One step at a time, up to each step once: some calls are over then, and wait for their turn.
    for (int i = GENERATE(range(1, 12)); i > 0; --i) io->run_one_for(std::chrono::milliseconds(10));
  }
  io.reset();
  CHECK(c.codes.size() <= calls::number);
  CHECK(c.held.use_count() == 1);
}
