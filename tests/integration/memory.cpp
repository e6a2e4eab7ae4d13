// What a connection that nobody uses costs, and how often a large value is held.

#include <catch2/catch.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include <cmemcache/blocking_client.hpp>
#include <cmemcache/client.hpp>

#include "support/allocations.hpp"
#include "support/in_every_style.hpp"

using namespace cmemcache;
using namespace cmemcache::test;

namespace {

constexpr std::size_t large = 500'000;
constexpr int clients = 200;
constexpr std::size_t most_of_an_idle_connection = 32 * 1024;

// A thousand keys, a value of 100 bytes each.
struct bulk {
  bulk() {
    for (int i = 0; i < 1000; ++i) keys.push_back("memory:" + std::to_string(i));
    for (const std::string& key : keys) {
      views.push_back(key);
      pairs.emplace_back(key, value);
    }
  }

  std::string value = std::string(100, 'x');
  std::vector<std::string> keys;
  std::vector<std::string_view> views;
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
};

// What each of many clients holds on to, one of those that `make` returns.
template <class Make>
std::size_t bytes_of_one(Make make) {
  auto first = make();  // whatever is made once for all
  const std::size_t before = allocations::alive();
  std::vector<decltype(make())> kept;
  for (int i = 0; i < clients; ++i) kept.push_back(make());
  return (allocations::alive() - before) / clients;
}

// Makes clients that have no connection yet, and ones with a connection that has carried much.
template <class Make, class Use>
void check_an_idle_connection(Make make, Use use) {
  const std::size_t without = bytes_of_one(make);
  const std::size_t with = bytes_of_one([&] {
    auto mc = make();
    use(*mc);
    return mc;
  });
  INFO(without << " bytes for a client, " << with - without << " for its connection");
  CHECK(with - without < most_of_an_idle_connection);
  CHECK(with - without > 1024);  // something was counted
}

}  // namespace

TEST_CASE("an idle connection of a blocking client costs less than 32 KiB", "[memory]") {
  const std::string server = shared_server(transport::tcp).address();
  const bulk b;
  const std::string value(large, 'x');
  const auto make = [&] { return std::make_unique<blocking_client>(std::vector<cmemcache::server>{server}); };
  check_an_idle_connection(make, [&](blocking_client& mc) {
    mc.set("memory:large", value);
    REQUIRE(mc.get("memory:large").value.size() == large);
    mc.set_multi(b.pairs);
    mc.set_multi(std::span(b.pairs).first(100));
    REQUIRE(mc.get_multi(b.views)[999].value == b.value);
    REQUIRE(mc.counters().at(0).connections == 1);
  });
}

TEST_CASE("an idle connection of an asynchronous client costs less than 32 KiB", "[memory]") {
  const std::string server = shared_server(transport::tcp).address();
  const bulk b;
  const std::string value(large, 'x');
  boost::asio::io_context io;
  const auto make = [&] { return std::make_unique<client>(io, std::vector<cmemcache::server>{server}); };
  check_an_idle_connection(make, [&](client& mc) {
    int completed = 0;
    const auto count = [&](error_code ec, const auto&) { completed += !ec; };
    mc.async_set("memory:large", value, count);
    mc.async_get("memory:large", count);
    for (const std::string& key : b.keys) mc.async_get(key, count);
    mc.async_set_multi(b.pairs, count);
    mc.async_set_multi(std::span(b.pairs).first(100), count);
    mc.async_get_multi(b.views, count);
    io.restart();
    io.run();
    REQUIRE(completed == 1005);
  });
}

TEST_CASE("a large value is held once where it arrives, and not at all where it leaves", "[memory]") {
  const std::string server = shared_server(transport::tcp).address();
  const std::string value(large, 'x');

  SECTION("blocking") {
    blocking_client mc({server});
    {
      const allocations::large_blocks blocks(large);
      CHECK(mc.set("memory:once", value));
      CHECK(blocks.most_at_once() == 0);
    }
    const allocations::large_blocks blocks(large);
    const reply got = mc.get("memory:once");
    CHECK(blocks.most_at_once() == 1);
    CHECK(got.value == value);
  }
  SECTION("blocking, several at once") {
    blocking_client mc({server});
    const std::string_view keys[] = {"memory:one", "memory:two", "memory:three"};
    {
      std::vector<std::pair<std::string_view, std::string_view>> pairs;
      for (const std::string_view key : keys) pairs.emplace_back(key, value);
      const allocations::large_blocks blocks(large);
      CHECK(mc.set_multi(pairs).failures().empty());
      CHECK(blocks.most_at_once() == 0);
    }
    const allocations::large_blocks blocks(large);
    const multi_reply got = mc.get_multi(keys);
    CHECK(blocks.most_at_once() == 3);
    CHECK(got[2].value == value);
  }
  SECTION("asynchronous") {
    boost::asio::io_context io;
    client mc(io, {server});
    {
      const allocations::large_blocks blocks(large);
      mc.async_set("memory:once", value, [](error_code ec, const reply& r) { CHECK((!ec && r)); });
      io.run();
      CHECK(blocks.most_at_once() == 0);
    }
    const allocations::large_blocks blocks(large);
    mc.async_get("memory:once", [&](error_code ec, const reply& r) {
      CHECK(blocks.most_at_once() == 1);
      CHECK((!ec && r.value == value));
    });
    io.restart();
    io.run();
  }
}
