// What Asio's users may count on: when, where and with whose memory a handler of `client` is called.

#include <catch2/catch.hpp>

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>

#include <cmemcache/client.hpp>

#include "support/counting_allocator.hpp"
#include "support/memcached.hpp"

using namespace cmemcache;
using cmemcache::test::counting_allocator;
using cmemcache::test::memcached;

namespace asio = boost::asio;

TEST_CASE("nothing completes inside the initiating function", "[completion]") {
  const memcached server;
  asio::io_context io;
  client mc(io, {server.address()}, {.max_value_length = 100}), closed(io, {server.address()}), nowhere(io, {});
  closed.close();
  const std::string large(101, 'v');
  error_code got;
  const auto keep = [&](error_code ec, auto&&...) { got = ec; };

  struct {
    const char* what;
    std::function<void()> start;
    error_code expected;
  } const calls[] = {
      {"good", [&] { mc.async_set("k", "v", keep); }, {}},
      {"bad key", [&] { mc.async_get("bad key", keep); }, errc::key_bad_character},
      {"no key", [&] { mc.async_delete("", keep); }, errc::key_empty},
      {"too large", [&] { mc.async_set("k", large, keep); }, errc::value_too_large},
      {"not about a key", [&] { mc.async_execute({.op = verb::version}, keep); }, errc::bad_argument},
      {"nothing asked", [&] { mc.async_get_multi({}, keep); }, {}},
      {"no such statistics", [&] { mc.async_stats("a\r\nb", keep); }, errc::bad_argument},
      {"closed", [&] { closed.async_get("k", keep); }, errc::closed},
      {"closed, bad key", [&] { closed.async_get("bad key", keep); }, errc::closed},
      {"closed, nothing asked", [&] { closed.async_get_multi({}, keep); }, errc::closed},
      {"closed, all", [&] { closed.async_version(keep); }, errc::closed},
      {"no servers", [&] { nowhere.async_get("k", keep); }, errc::no_server},
      {"no servers, all", [&] { nowhere.async_flush_all(keep); }, {}},
  };
  const error_code not_called = errc::interrupted;
  for (const auto& call : calls) {
    INFO(call.what);
    got = not_called;
    call.start();
    CHECK(got == not_called);
    io.run();
    io.restart();
    CHECK(got == call.expected);

    // From a handler, too.
    asio::post(io, [&] {
      got = not_called;
      call.start();
      CHECK(got == not_called);
    });
    io.run();
    io.restart();
    CHECK(got == call.expected);
  }
}

TEST_CASE("a handler is called on its associated executor, which has work meanwhile", "[completion]") {
  const memcached server;
  asio::io_context io, other;
  client mc(io, {server.address()});
  const auto strand = asio::make_strand(other);
  int called = 0;
  const std::string_view keys[] = {"k"};
  mc.async_set("k", "v", asio::bind_executor(strand, [&](error_code ec, const reply& r) {
    CHECK_FALSE(ec);
    CHECK(r.status == status::stored);
    CHECK(strand.running_in_this_thread());
    // And so it goes on from there.
    mc.async_get_multi(keys, asio::bind_executor(strand, [&](error_code, const multi_reply& m) {
      CHECK(strand.running_in_this_thread());
      CHECK(m[0].value == "v");
      ++called;
    }));
    ++called;
  }));
  for (int expected = 1; expected <= 2; ++expected) {
    CHECK(other.poll() == 0);
    CHECK_FALSE(other.stopped());  // as it would be without work
    io.run();
    io.restart();
    CHECK(called == expected - 1);
    other.run_one();
    CHECK(called == expected);
  }
  CHECK(other.run() == 0);
  CHECK(other.stopped());
}

TEST_CASE("a handler bound to the client's own context is called there", "[completion]") {
  const memcached server;
  asio::io_context io;
  const auto strand = asio::make_strand(io);
  client mc(io, {server.address()}), on_strand(strand, {server.address()});
  int called = 0;
  const auto check = [&](error_code, const reply&) { called += strand.running_in_this_thread(); };
  mc.async_get("k", asio::bind_executor(strand, check));
  on_strand.async_get("k", check);
  on_strand.async_get("bad key", check);
  io.run();
  CHECK(called == 3);
}

TEST_CASE("the handler's memory is its allocator's, and is back when it is called", "[completion]") {
  const memcached server;
  asio::io_context io, other;
  client mc(io, {server.address()});
  std::ptrdiff_t out = 0;
  int times = 0;
  bool called = false;
  const auto with_allocator = [&](auto handler) {
    return asio::bind_allocator(counting_allocator<void>(out, times), std::move(handler));
  };
  const auto handler = [&](error_code, auto&&...) {
    CHECK(out == 0);
    called = true;
  };

  SECTION("on the client's executor") {
    mc.async_get("k", with_allocator(handler));
    CHECK(out > 0);
    CHECK(times == 1);
    io.run();
  }
  SECTION("on another one") {
    mc.async_get("k", with_allocator(asio::bind_executor(other, handler)));
    CHECK(out > 0);
    io.run();
    CHECK_FALSE(called);
    other.run();
  }
  SECTION("of a call that is refused") {
    mc.async_stats("a\r\nb", with_allocator(handler));
    io.run();
  }
  CHECK(called);
  CHECK(out == 0);
}

TEST_CASE("a handler need not be copied", "[completion]") {
  const memcached server;
  asio::io_context io, other;
  client mc(io, {server.address()});
  int sum = 0;
  const auto with = [&](int number) {
    return [&sum, own = std::make_unique<int>(number)](error_code, auto&&...) { sum += *own; };
  };
  mc.async_get("k", with(1));
  mc.async_version(with(10));
  mc.async_flush_all(1000, with(100));
  mc.async_get_multi({}, asio::bind_executor(other, with(1000)));
  auto named = with(10000);
  mc.async_delete("k", std::move(named));
  io.run();
  other.run();
  CHECK(sum == 11111);
}

TEST_CASE("what a handler throws leaves run(), and the others are called all the same", "[completion]") {
  const memcached server;
  asio::io_context io;
  client mc(io, {server.address()});
  std::vector<int> called;
  for (int i = 0; i < 10; ++i)
    mc.async_get("k", [&called, i](error_code ec, const reply& r) {
      CHECK_FALSE(ec);
      CHECK(r.status == status::miss);
      called.push_back(i);
      if (i == 2 || i == 3 || i == 9) throw std::runtime_error(std::to_string(i));
    });
  for (const char* thrown : {"2", "3", "9"}) CHECK_THROWS_WITH(io.run(), thrown);
  io.run();
  CHECK(called == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});

  io.restart();
  mc.async_set("k", "v", [&](error_code, const reply&) { called.clear(); });
  io.run();
  CHECK(called.empty());
}

TEST_CASE("nobody need wait", "[completion]") {
  const memcached server;
  asio::io_context io;
  client mc(io, {server.address()});
  mc.async_set("k", "v", asio::detached);
  mc.async_get("bad key", asio::detached);
  mc.async_version(asio::detached);
  std::string value;
  mc.async_get("k", [&](error_code, reply r) { value = std::move(r.value); });  // calls keep their order
  io.run();
  CHECK(value == "v");
}

TEST_CASE("a future throws system_error, and holds a miss", "[completion]") {
  const memcached server;
  asio::io_context io;
  client mc(io, {server.address()});
  std::future<reply> bad = mc.async_get("bad key", asio::use_future), miss = mc.async_get("k", asio::use_future);
  std::future<void> all = mc.async_flush_all(1000, asio::use_future);
  std::future<multi_reply> many = mc.async_get_multi(std::vector<std::string_view>{"k", ""}, asio::use_future);
  io.run();
  CHECK(miss.get().status == status::miss);
  CHECK_NOTHROW(all.get());
  CHECK_THROWS_AS(many.get(), boost::system::system_error);
  try {
    bad.get();
    FAIL("it throws");
  } catch (const boost::system::system_error& e) {
    CHECK(e.code() == errc::key_bad_character);
  }
}

TEST_CASE("an open connection does not keep run() from returning", "[completion]") {
  const memcached server;
  asio::io_context io;
  client mc(io, {server.address()});
  for (int i = 0; i < 3; ++i) {
    mc.async_set("k", "v", asio::detached);
    CHECK(io.run() > 0);  // to its end: nothing is left to do
    io.restart();
    CHECK(io.poll() == 0);
    CHECK(io.stopped());
    io.restart();
    CHECK(mc.counters()[0].connections == 1);
    CHECK(mc.counters()[0].reconnects == 0);
  }
}
