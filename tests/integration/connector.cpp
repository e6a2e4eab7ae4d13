// Several addresses, of which not all work.

#include "net/connector.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "support/in_every_style.hpp"
#include "support/memcached.hpp"
#include "support/names.hpp"
#include "support/outcome.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using namespace std::chrono_literals;
using net::connector;

namespace {

net::endpoint at(const char* host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host, &address.sin_addr);
  net::endpoint out;
  std::memcpy(&out.address, &address, sizeof address);
  out.size = sizeof address;
  return out;
}

// Does what whoever drives a connector does. The seconds that it took.
double drive(connector& c) {
  const auto start = net::steady_clock::now();
  c.advance(false, start);
  while (!c.connected() && !c.failed()) {
    pollfd polled{c.fd(), c.events(), 0};
    error_code ec;
    net::wait_ready({&polled, 1}, c.wake_at(), ec);
    c.advance(polled.revents != 0, net::steady_clock::now());
  }
  return std::chrono::duration<double>(net::steady_clock::now() - start).count();
}

auto open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

}  // namespace

TEST_CASE("the next address is tried when one fails, without waiting", "[connector]") {
  const std::uint16_t port = shared_server(transport::tcp).port();
  connector c({at("127.0.0.2", port), at("127.0.0.3", port), at("127.0.0.1", port)}, 1000ms);
  CHECK(drive(c) < late);
  CHECK(c.connected());
  CHECK_FALSE(c.error());
}

TEST_CASE("the next address is tried beside one that does not answer", "[connector]") {
  const std::uint16_t port = shared_server(transport::tcp).port();
  const unanswered_port second("127.0.0.2", port), third("127.0.0.3", port);
  const auto before = open_descriptors();
  {
    connector c({at("127.0.0.2", port), at("127.0.0.3", port), at("127.0.0.4", port), at("127.0.0.1", port)}, 5000ms);
    const double took = drive(c);
    CHECK(took >= 0.49);  // a stagger for each of the two, none for the one that refuses
    CHECK(took < 0.5 + late);
    CHECK(c.connected());
    const net::socket won = c.take();
    CHECK(won.is_open());
    CHECK(open_descriptors() == before + 1);  // the others are gone
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("all addresses have their turn within the time that there is", "[connector]") {
  const std::uint16_t port = shared_server(transport::tcp).port();
  std::vector<std::unique_ptr<unanswered_port>> mute;
  std::vector<net::endpoint> addresses;
  for (int i = 2; i < 12; ++i) {
    const std::string host = "127.0.0." + std::to_string(i);
    mute.push_back(std::make_unique<unanswered_port>(host.c_str(), port));
    addresses.push_back(at(host.c_str(), port));
  }
  SECTION("the last of them answers") {
    addresses.push_back(at("127.0.0.1", port));
    connector c(addresses, 400ms);
    CHECK(drive(c) < 0.4 + late);
    CHECK(c.connected());
  }
  SECTION("none does") {
    const auto before = open_descriptors();
    connector c(addresses, 400ms);
    const double took = drive(c);
    CHECK(took >= 0.39);
    CHECK(took < 0.4 + late);
    CHECK(c.failed());
    CHECK(c.error() == errc::timed_out);
    CHECK(open_descriptors() == before);
  }
}

TEST_CASE("where all refuse, or there is none, it says so at once", "[connector]") {
  const std::uint16_t port = shared_server(transport::tcp).port();
  connector refused({at("127.0.0.2", port), at("127.0.0.3", port)}, 1000ms);
  CHECK(drive(refused) < late);
  CHECK(refused.failed());
  CHECK(refused.error() == boost::system::errc::connection_refused);
  connector nowhere({}, 1000ms);
  drive(nowhere);
  CHECK(nowhere.error() == errc::host_not_found);
}

TEST_CASE("a socket that is connected to itself has found no server", "[connector]") {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const net::endpoint self = at("127.0.0.1", free_port());
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&self.address), self.size) == 0);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&self.address), self.size) == 0);  // TCP allows it
  CHECK(net::socket(fd).connect_result() == boost::system::errc::connection_refused);
}

TEST_CASE("an address that does not answer costs a quarter of a second, in every style", "[connector]") {
  const style by = GENERATE(from_range(every_style()));
  INFO(by.name);
  const std::uint16_t port = shared_server(transport::tcp).port();
  const unanswered_port mute("127.0.0.2", port);
  const names::given two("two.test", {"127.0.0.2", "127.0.0.1"});
  const auto mc = by.make({"two.test:" + std::to_string(port)}, {});
  const auto start = std::chrono::steady_clock::now();
  CHECK(std::get<1>(mc->one({.op = verb::set, .key = "beside", .value = by.name})).status == status::stored);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  CHECK(took.count() >= 0.24);
  CHECK(took.count() < 0.5 + late);
  CHECK(std::get<1>(mc->one({.op = verb::get, .key = "beside"})).value == by.name);
}
