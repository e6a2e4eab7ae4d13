#include "session/server_knowledge.hpp"

#include <catch2/catch.hpp>

#include <string>

#include "support/desk.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using session::server_knowledge;

namespace {

struct asking {
  server_knowledge known;
  wire_protocol protocol = wire_protocol::automatic;

  desk connect() { return desk({.protocol = protocol, .known = &known}); }
};

}  // namespace

TEST_CASE("meta commands are tried once before they are used", "[server_knowledge]") {
  asking a;
  desk first = a.connect();
  const auto stored = first.ask(set_of("alpha", "a"));
  first.greet();
  CHECK_FALSE(first.session.is_ready());
  CHECK(first.write() == "mn\r\n");
  CHECK(first.write().empty());
  REQUIRE_FALSE(first.read("MN\r\n"));
  CHECK(first.write() == "ms alpha 1 O1\r\na\r\n");
  REQUIRE_FALSE(first.read("HD O1\r\n"));
  CHECK(stored->answers[0].status == status::stored);

  desk second = a.connect();
  second.ask(set_of("alpha", "a"));
  second.greet();
  CHECK(second.write() == "ms alpha 1 O1\r\na\r\n");
}

TEST_CASE("who closes at a question is asked nothing more", "[server_knowledge]") {
  asking a;
  const bool at_version = GENERATE(true, false);
  desk first = a.connect();
  const auto lost = first.ask(set_of("alpha", "a"));
  if (at_version) CHECK(first.write() == "version\r\n");
  else first.greet(), first.write();
  if (GENERATE(true, false)) first.session.received(0);
  else first.session.fail(make_error_code(boost::system::errc::connection_reset));
  CHECK(first.session.closed_at_question());
  CHECK_FALSE(lost->written);
  CHECK(a.known.closes_at() == (at_version ? "version" : "mn"));

  desk second = a.connect();
  second.ask(set_of("alpha", "a"));
  CHECK(second.write() == "set alpha 0 0 1\r\na\r\n");
  second.session.received(0);
  CHECK_FALSE(second.session.closed_at_question());

  a.known.forget();
  desk third = a.connect();
  third.greet();
}

TEST_CASE("who insists on meta commands is told what the server closed at", "[server_knowledge]") {
  asking a;
  a.protocol = wire_protocol::meta;
  desk first = a.connect();
  first.greet();
  first.write();
  first.session.received(0);
  desk second = a.connect();
  const auto o = second.ask(get_of({"alpha"}));
  CHECK(second.write().empty());
  CHECK(o->result == errc::unsupported);
  CHECK_THAT(second.session.last_line(), Catch::Contains("closed the connection at 'mn'"));
}

TEST_CASE("a server that has answered a question does not close because of it", "[server_knowledge]") {
  asking a;
  const std::string version = GENERATE("1.5.0", "1.6.18");
  desk first = a.connect();
  first.greet(version);
  if (first.write() == "mn\r\n") REQUIRE_FALSE(first.read("MN\r\n"));
  desk second = a.connect();
  second.write();
  second.session.received(0);
  CHECK_FALSE(second.session.closed_at_question());
  CHECK(a.known.may_be_asked());
}

TEST_CASE("only a closed connection is an answer to a question", "[server_knowledge]") {
  asking a;
  desk d = a.connect();
  SECTION("silence is none") {
    d.write();
    d.session.fail(errc::timed_out);
  }
  SECTION("nor is that we close it") {
    d.write();
    d.session.fail(errc::connection_closed);
  }
  SECTION("nor is the end of one that was not asked yet") { d.session.received(0); }
  SECTION("nor is an error, which says that there are no meta commands") {
    d.greet();
    d.write();
    REQUIRE_FALSE(d.read("ERROR\r\n"));
    d.ask(set_of("alpha", "a"));
    CHECK(d.write() == "set alpha 0 0 1\r\na\r\n");
  }
  CHECK_FALSE(d.session.closed_at_question());
  CHECK(a.known.may_be_asked());
}

TEST_CASE("an mn is answered by MN, or the server is not one", "[server_knowledge]") {
  asking a;
  desk d = a.connect();
  d.greet();
  d.write();
  CHECK(d.read(GENERATE("HD\r\n", "STORED\r\n", "END\r\n", "VERSION 1.6.18\r\n", "VA 1\r\nx\r\n")) == errc::protocol_error);
  CHECK_FALSE(a.known.has_shown_meta());
}
