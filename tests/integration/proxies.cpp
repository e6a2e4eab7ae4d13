// Proxies that close a connection at a command that they do not know.

#include <catch2/catch.hpp>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "support/in_every_style.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using namespace cmemcache::test;

namespace {

// Knows get, set and incr, and perhaps `version`, which is that of a server behind it.
class proxy {
 public:
  explicit proxy(bool knows_version) : knows_version_(knows_version) {}

  server address() const { return peer_.address(); }
  int connections() const { return peer_.accepted(); }
  long heard(std::string_view line) {
    const std::lock_guard lock(mutex_);
    return std::ranges::count(lines_, line);
  }

 private:
  void serve(peer::connection& c) {
    for (std::string line = c.read_until("\r\n"); !line.empty(); line = c.read_until("\r\n")) {
      {
        const std::lock_guard lock(mutex_);
        lines_.push_back(line.substr(0, line.size() - 2));
      }
      if (line.starts_with("get ")) c.send("END\r\n");
      else if (line.starts_with("incr ")) c.send("7\r\n");
      else if (line.starts_with("set ")) c.read_until("\r\n"), c.send("STORED\r\n");
      else if (knows_version_ && line.starts_with("version")) c.send("VERSION 1.6.18\r\n");
      else return;
    }
  }

  const bool knows_version_;
  std::mutex mutex_;
  std::vector<std::string> lines_;
  peer peer_{[this](peer::connection& c, int) { serve(c); }, peer::service::at_once};
};

}  // namespace

TEST_CASE("a proxy that closes at our questions is served in the classic protocol, in every style", "[proxies]") {
  const style by = GENERATE(from_range(every_style()));
  const bool knows_version = GENERATE(false, true);
  INFO(by.name << (knows_version ? ", closes at mn" : ", closes at version"));
  proxy p(knows_version);
  const auto mc = by.make({p.address()}, {});
  const auto say = [&](const request& r) {
    const auto [ec, got] = mc->one(r);
    return ec ? shown(ec) : shown(got);
  };
  // What may not be sent twice comes first: nothing of it was sent.
  CHECK(say({.op = verb::incr, .key = "n", .number = 1}) == "number 7");
  for (int i = 0; i < 10; ++i) {
    CHECK(say({.op = verb::set, .key = "k", .value = "v"}) == "stored");
    CHECK(say({.op = verb::get, .key = "k"}) == "miss");
  }
  CHECK(p.connections() == 2);
  CHECK(p.heard("version") == 1);
  CHECK(p.heard("mn") == knows_version);
  CHECK(p.heard("incr n 1") == 1);
}

TEST_CASE("a verb that a proxy does not know is an error that says so, in every style", "[proxies]") {
  const style by = GENERATE(from_range(every_style()));
  INFO(by.name);
  proxy p(true);
  std::mutex mutex;
  std::string said;
  const auto mc = by.make({p.address()}, {.log = {log_level::info, [&](log_level, std::string_view line) {
                                                    const std::lock_guard lock(mutex);
                                                    said += line;
                                                  }}});
  const auto ec_of = [&](verb op) { return std::get<0>(mc->one({.op = op, .key = "k"})); };
  CHECK_FALSE(ec_of(verb::get));
  CHECK(ec_of(verb::gat) == errc::connection_closed);
  CHECK(p.heard("gat 0 k") == 2);  // the connection had served, and might have been closed for another reason
  CHECK_FALSE(ec_of(verb::get));
  const std::lock_guard lock(mutex);
  CHECK_THAT(said, Catch::Contains("gat: ") && Catch::Contains("a proxy may not know the command"));
  CHECK_THAT(said, !Catch::Contains("dead"));
}

TEST_CASE("who insists on meta commands is told that a proxy has none, in every style", "[proxies]") {
  const style by = GENERATE(from_range(every_style()));
  const bool knows_version = GENERATE(false, true);
  INFO(by.name);
  proxy p(knows_version);
  std::mutex mutex;
  std::string said;
  const auto mc = by.make({p.address()}, {.protocol = wire_protocol::meta,
                                          .log = {log_level::info, [&](log_level, std::string_view line) {
                                                    const std::lock_guard lock(mutex);
                                                    said += line;
                                                  }}});
  for (int i = 0; i < 3; ++i) {
    CHECK(std::get<0>(mc->one({.op = verb::incr, .key = "n", .number = 1})) == errc::unsupported);
    CHECK(std::get<0>(mc->one({.op = verb::get, .key = "n"})) == errc::unsupported);
  }
  CHECK(p.connections() <= 2);
  const std::lock_guard lock(mutex);
  CHECK_THAT(said, Catch::Contains(knows_version ? "closed the connection at 'mn'" : "closed the connection at 'version'"));
  CHECK_THAT(said, !Catch::Contains("dead"));
}
