// Name and password, against memcached's own doorkeepers (-Y and -S), in every calling style.

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

#include <cmemcache/blocking_client.hpp>

#include "support/calling_styles.hpp"
#include "support/doorkeepers.hpp"

using namespace cmemcache;
using namespace cmemcache::test;

namespace {

struct door {
  std::string name;
  wire_protocol protocol;
  bool by_sasl;
};

const std::vector<door> doors{{"-Y, automatic", wire_protocol::automatic, false}, {"-Y, text", wire_protocol::text, false},
                              {"-Y, meta", wire_protocol::meta, false}, {"-S, binary", wire_protocol::binary, true},
                              {"-S, automatic", wire_protocol::automatic, true}};

std::unique_ptr<memcached> server_behind(const door& d) { return d.by_sasl ? server_with_sasl() : server_with_passwords(); }

client_options named(const door& d, std::string name = "ada", std::string password = "secret") {
  client_options options;
  options.protocol = d.protocol;
  options.username = std::move(name);
  options.password = std::move(password);
  return options;
}

}  // namespace

TEST_CASE("who has the password is let in, and again when the server was restarted", "[authentication]") {
  const door d = GENERATE(from_range(doors));
  INFO(d.name);
  const auto server = server_behind(d);
  std::vector<std::unique_ptr<calling_style>> clients;
  for (const style& s : every_style()) clients.push_back(s.make({server->address()}, named(d)));
  for (int round = 0; round < 2; ++round) {
    for (const auto& mc : clients) {
      CHECK(std::get<1>(mc->one({.op = verb::set, .key = "k", .value = "v"})).status == status::stored);
      CHECK(std::get<1>(mc->one({.op = verb::get, .key = "k"})).value == "v");
      const std::vector<std::string_view> keys{"k", "none", "k"};
      const auto [ec, got] = mc->get_multi(keys);
      CHECK_FALSE(ec);
      CHECK((got.size() == 3 && got[0] && !got[1] && got[2]));
    }
    if (round == 0) server->restart();
  }
}

TEST_CASE("a wrong password is refused at once, each time, and marks nothing", "[authentication]") {
  const door d = GENERATE(from_range(doors));
  INFO(d.name);
  const auto server = server_behind(d);
  for (const style& s : every_style()) {
    INFO(s.name);
    const auto start = std::chrono::steady_clock::now();
    const auto mc = s.make({server->address()}, named(d, "ada", "wrong"));
    for (int call = 0; call < 5; ++call) {
      CHECK(std::get<0>(mc->one({.op = verb::set, .key = "k", .value = "v"})) == errc::authentication_failed);
      CHECK(std::get<0>(mc->one({.op = verb::get, .key = "k"})) == errc::authentication_failed);
    }
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  }
}

TEST_CASE("what is said of a wrong password, and how often it was tried", "[authentication]") {
  const door d = GENERATE(from_range(doors));
  INFO(d.name);
  const auto server = server_behind(d);
  blocking_client mc({server->address()}, named(d, "ada", "wrong"));
  std::string said;
  try {
    mc.get("k");
  } catch (const error& e) {
    CHECK(e.code() == errc::authentication_failed);
    CHECK(e.server() == server->address());
    said = e.what();
  }
  CHECK(said.find(server->address() + ": get: authentication failed: ") == 0);
  CHECK(said.find(d.by_sasl ? "Auth failure." : "CLIENT_ERROR authentication failure") != said.npos);
  CHECK(said.find("wrong") == said.npos);
  const server_counters seen = mc.counters().at(0);
  CHECK(seen.reconnects == (d.by_sasl && d.protocol == wire_protocol::automatic ? 1 : 0));
  CHECK(seen.marked_dead == 0);
  CHECK(seen.connections == 0);
}

TEST_CASE("who should have given a name hears so", "[authentication]") {
  const auto passwords = server_with_passwords();
  const auto sasl = server_with_sasl();
  for (const style& s : every_style()) {
    INFO(s.name);
    for (const wire_protocol p : {wire_protocol::automatic, wire_protocol::text}) {
      const auto mc = s.make({passwords->address()}, {.protocol = p});
      CHECK(std::get<0>(mc->one({.op = verb::get, .key = "k"})) == errc::authentication_failed);
    }
    const auto mc = s.make({sasl->address()}, {.protocol = wire_protocol::binary});
    CHECK(std::get<0>(mc->one({.op = verb::get, .key = "k"})) == errc::authentication_failed);
  }
}

TEST_CASE("a server without passwords takes one, and keeps it nowhere", "[authentication]") {
  const memcached server;
  for (const wire_protocol p : {wire_protocol::automatic, wire_protocol::text}) {
    blocking_client mc({server.address()}, named({"", p, false}));
    CHECK(mc.set("k", "v"));
    CHECK_FALSE(mc.get("authentication"));
  }
}

TEST_CASE("what no server takes as a name or a password is refused before", "[authentication]") {
  const auto code_of = [](std::string name, std::string password) -> error_code {
    try {
      client_options options;
      options.username = std::move(name);
      options.password = std::move(password);
      blocking_client mc({"127.0.0.1"}, options);
    } catch (const error& e) {
      CHECK(std::string(e.what()).find("pass\n") == std::string::npos);
      return e.code();
    }
    return {};
  };
  CHECK(code_of("ada lovelace", "p") == errc::bad_argument);
  CHECK(code_of("ada\n", "p") == errc::bad_argument);
  CHECK(code_of("", "p") == errc::bad_argument);
  CHECK(code_of("ada", "pass\nword") == errc::bad_argument);
  CHECK(code_of("ada", std::string("p\0", 2)) == errc::bad_argument);
  CHECK_FALSE(code_of("ada", "a pass phrase"));
}
