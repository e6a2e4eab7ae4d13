// Servers that are given by name, and a resolver that says what the test wants.

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <thread>

#include <cmemcache/blocking_client.hpp>

#include "support/in_every_style.hpp"
#include "support/names.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using namespace std::chrono_literals;

namespace {

double seconds_of(auto&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The shared server, by another name.
std::string at(const std::string& name) {
  const std::string address = shared_server(transport::tcp).address();
  return name + address.substr(address.find(':'));
}

}  // namespace

TEST_CASE("a server is found by its name in every style", "[names]") {
  const style by = GENERATE(from_range(every_style()));
  INFO(by.name);
  const names::given known("cache.test", {"127.0.0.1"});
  const auto mc = by.make({at("cache.test")}, {});
  CHECK(std::get<1>(mc->one({.op = verb::set, .key = "by-name", .value = by.name})).status == status::stored);
  CHECK(std::get<1>(mc->one({.op = verb::get, .key = "by-name"})).value == by.name);
  CHECK(names::lookups("cache.test") == 1);
}

TEST_CASE("a name without addresses is host_not_found in every style", "[names]") {
  const style by = GENERATE(from_range(every_style()));
  INFO(by.name);
  const names::given unknown("nowhere.test", {});
  const names::given other_family("six.test", {"::1"});
  CHECK(std::get<0>(by.make({at("nowhere.test")}, {})->one({.op = verb::get, .key = "k"})) == errc::host_not_found);
  CHECK(std::get<0>(by.make({"inet:" + at("six.test")}, {})->one({.op = verb::get, .key = "k"})) ==
        errc::host_not_found);
}

TEST_CASE("a slow resolver keeps no call beyond its deadline, in any style", "[names]") {
  const style by = GENERATE(from_range(every_style()));
  INFO(by.name);
  const names::given slow("slow.test", {"127.0.0.1"}, 5s);
  const auto mc = by.make({at("slow.test")}, {.connect_timeout = 4s, .timeout = 300ms, .dead_retry = 0ms});
  error_code ec;
  const auto in_time = [&](auto&& call) {
    const double took = seconds_of(call);
    CHECK(ec == errc::timed_out);
    CHECK(took > 0.29);
    CHECK(took < 2);
  };
  in_time([&] { ec = std::get<0>(mc->one({.op = verb::set, .key = "k", .value = "v"})); });
  const std::string_view keys[] = {"a", "b"};
  in_time([&] { ec = std::get<0>(mc->get_multi(keys)); });
}

TEST_CASE("a forgotten name answers those who wait", "[names]") {
  names::set("slow.test", {"127.0.0.1"});
  names::set_delay("slow.test", 5s);
  blocking_client mc({at("slow.test")}, {.connect_timeout = 4s, .timeout = 4s});
  std::jthread later([](std::stop_token stop) {
    while (names::lookups("slow.test") == 0 && !stop.stop_requested()) std::this_thread::sleep_for(1ms);
    names::forget("slow.test");
  });
  CHECK(seconds_of([&] { CHECK(mc.get("absent").status == status::miss); }) < 2);
}
