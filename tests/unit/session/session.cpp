#include "session/session.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstring>
#include <string>

#include "support/desk.hpp"

using namespace cmemcache;
using namespace cmemcache::test;

namespace {

// What one get of `alpha` and `bravo` comes to after `bytes`.
error_code answered_with(std::string_view bytes,
                         const session::session_options& options = {.protocol = wire_protocol::text}) {
  desk d(options);
  if (options.protocol != wire_protocol::text) d.greet();
  const auto o = d.ask(get_of({"alpha", "bravo"}));
  d.write();
  const error_code ec = d.read(bytes);
  if (ec) {
    CHECK(o->finished == 1);
    CHECK((!o->result || o->result == ec));  // what was answered before stays answered
    CHECK_FALSE(d.session.idle());
    CHECK_FALSE(d.session.last_line().size() > 200);
  }
  CHECK(o->answers.complaint().empty());
  return ec;
}

}  // namespace

TEST_CASE("a large value is received into its place", "[session]") {
  desk d;
  const auto o = d.ask(get_of({"alpha", "bravo"}));
  d.write();
  const std::string value = "alpha=" + std::string(100'000, 'v');
  REQUIRE_FALSE(d.read("VALUE alpha 0 100006\r\nalpha="));
  CHECK(d.session.input().value.size() == 100'000);
  REQUIRE_FALSE(d.read(std::string(60'000, 'v')));
  auto [rest, buffer] = d.session.input();
  REQUIRE(rest.size() == 40'000);
  std::memset(rest.data(), 'v', rest.size());
  // One read fills the place and goes on in the buffer: half of the CR LF.
  buffer[0] = '\r';
  REQUIRE_FALSE(d.session.received(40'001));
  CHECK(d.session.input().value.empty());
  CHECK_FALSE(o->answers.has(0));
  REQUIRE_FALSE(d.read("\nVALUE bravo 0 5\r\nbravo\r\nEND\r\n"));
  CHECK(o->answers[0] == hit(value));
  CHECK(o->answers[1] == hit("bravo"));
  CHECK(d.session.idle());
  CHECK(d.session.bytes_in() == 22 + 100'006 + 2 + 17 + 7 + 5);
}

TEST_CASE("lengths are judged before memory is asked for", "[session]") {
  for (const char* line :
       {"VALUE alpha 0 1025\r\n", "VALUE alpha 0 18446744073709551615\r\n", "VALUE alpha 0 18446744073709551616\r\n",
        "VALUE alpha 0 -1\r\n", "VALUE alpha 0 99999999999999999999999\r\n", "VALUE alpha 0 \r\n"}) {
    desk d({.protocol = wire_protocol::text, .max_reply_length = 1024});
    const auto o = d.ask(get_of({"alpha"}));
    d.write();
    CHECK(d.read(line) == errc::protocol_error);
    CHECK(o->answers.places() == 0);
    CHECK(o->result == errc::protocol_error);
    CHECK(d.session.last_line() + "\r\n" == line);
  }
  desk d({.protocol = wire_protocol::text, .max_reply_length = 1024});
  const auto o = d.ask(get_of({"alpha"}));
  d.write();
  CHECK_FALSE(d.read("VALUE alpha 0 1024\r\n"));
  CHECK(o->answers.places() == 1);
}

TEST_CASE("a number of incr may not be long", "[session]") {
  desk d({.protocol = wire_protocol::meta});
  d.greet();
  d.ask({.op = verb::incr, .keys = {{.key = "alpha", .number = 1}}});
  d.write();
  CHECK(d.read("VA 25 O1\r\n") == errc::protocol_error);
  for (const char* body : {"VA 0 O1\r\n\r\n", "VA 2 O1\r\nx1\r\n", "VA 2 O1\r\n-1\r\n",
                           "VA 20 O1\r\n18446744073709551616\r\n", "VA 3 O1\r\n1 2\r\n"}) {
    desk other({.protocol = wire_protocol::meta});
    other.greet();
    const auto p = other.ask({.op = verb::incr, .keys = {{.key = "alpha", .number = 1}}});
    other.write();
    CHECK(other.read(body) == errc::protocol_error);
    CHECK_FALSE(p->answers.has(0));
  }
}

TEST_CASE("without memory for a value the connection is given up", "[session]") {
  desk d;
  const auto o = d.ask(get_of({"alpha"}));
  o->answers.set_memory(100);
  d.write();
  CHECK(d.read("VALUE alpha 0 101\r\n") == errc::not_enough_memory);
  CHECK(o->result == errc::not_enough_memory);
  CHECK_FALSE(o->answers.has(0));
}

TEST_CASE("bytes that no memcached sends end the session", "[session]") {
  for (const char* bytes :
       {"\r\n", "\n", "END\n", "VALUE alpha 0 5\n", "VALUE charlie 0 5\r\n", "VALUE alph 0 5\r\n",
        "VALUE alpha 0 5\r\nalphaX\r\n", "VALUE alpha 0 5\r\nalpha\n\r", "VALUE alpha 0 4\r\nalpha\r\n",
        "VALUE alpha 0 5\r\nalpha\r\nVALUE alpha 0 5\r\n", "STORED\r\n", "MN\r\n", "HD O1\r\n", "VA 5 f0 O1\r\n",
        "1\r\n", "END\r\nEND\r\n", "END\r\n\r\n", "END\r\nx", "\x81\x0b\r\n"}) {
    INFO(bytes);
    CHECK(answered_with(bytes) == errc::protocol_error);
  }
}

TEST_CASE("a line has its longest length", "[session]") {
  CHECK_FALSE(answered_with(std::string(16 * 1024 - 1, 'x')));
  CHECK(answered_with(std::string(16 * 1024, 'x')) == errc::protocol_error);
}

TEST_CASE("in the meta protocol the opaque is asserted", "[session]") {
  const session::session_options meta{.protocol = wire_protocol::meta};
  for (const char* bytes : {"VA 5 f0\r\n", "VA 5 f0 O0\r\n", "VA 5 f0 O3\r\n", "VA 5 f0 O1\r\nalpha\r\nVA 5 f0 O1\r\n",
                            "EN O1\r\nEN O1\r\n", "EN\r\n", "END\r\n", "VA 5 f0 O1\r\nalpha\r\nMN\r\nMN\r\n",
                            "MN\r\nEN O1\r\n", "VALUE alpha 0 5\r\n", "HD O1\r\n", "VA 5 f0 O1 O2\r\n"})
    CHECK(answered_with(bytes, meta) == errc::protocol_error);
  for (const char* bytes : {"EN O2\r\n", "EN O2\r\nMN\r\n", "VA 0 f0 O2\r\n\r\nVA 0 f0 O1\r\n\r\nMN\r\n"})
    CHECK_FALSE(answered_with(bytes, meta));
}

TEST_CASE("one by one, the opaque must be the next", "[session]") {
  desk m({.protocol = wire_protocol::meta});
  m.greet();
  asked a = get_of({"alpha", "bravo"});
  a.one_by_one = true;
  const auto o = m.ask(a);
  m.write();
  CHECK(m.read("EN O2\r\n") == errc::protocol_error);
  CHECK_FALSE(o->answers.has(1));
}

TEST_CASE("nothing is awaited, and yet something comes", "[session]") {
  desk d;
  CHECK(d.session.idle());
  CHECK(d.read("ERROR Too many open connections\r\n") == errc::protocol_error);
  CHECK(d.session.last_line() == "ERROR Too many open connections\r\n");
  CHECK_FALSE(d.session.idle());
}

TEST_CASE("an answer that comes early waits for the last byte written", "[session]") {
  desk d;
  const auto set = d.ask(set_of("alpha", std::string(9000, 'a')));
  const auto get = d.ask(get_of({"alpha"}));
  d.write(5000);
  REQUIRE_FALSE(d.read("SERVER_ERROR object too large for cache\r\n"));
  CHECK(set->finished == 0);  // its value is still being sent
  CHECK(set->answers[0] == refusal(errc::value_too_large));
  CHECK_FALSE(d.session.idle());
  d.write();
  CHECK(set->finished == 1);
  CHECK_FALSE(set->early);
  CHECK_FALSE(set->result);
  CHECK(get->finished == 0);
  REQUIRE_FALSE(d.read("END\r\n"));
  CHECK(get->finished == 1);
  CHECK(d.session.idle());
}

TEST_CASE("a second answer meanwhile is nobody's", "[session]") {
  desk d;
  const auto set = d.ask(set_of("alpha", std::string(9000, 'a')));
  const auto get = d.ask(get_of({"alpha"}));
  d.write(5000);
  CHECK(d.read("SERVER_ERROR object too large for cache\r\nEND\r\n") == errc::protocol_error);
  CHECK_FALSE(set->result);  // it was answered
  CHECK(get->result == errc::protocol_error);
  CHECK_FALSE(get->answers.has(0));
}

TEST_CASE("a noreply is done when it is written, and not before", "[session]") {
  desk d;
  asked a = set_of("alpha", std::string(9000, 'a'));
  a.noreply = true;
  const auto o = d.ask(a);
  d.write(9000);
  CHECK(o->finished == 0);
  CHECK_FALSE(o->answers.has(0));
  CHECK_FALSE(d.session.wants_read());
  d.write();
  CHECK(o->finished == 1);
  CHECK(o->answers[0].status == status::stored);
  CHECK(d.session.idle());
}

TEST_CASE("an answer where none was asked ends the session", "[session]") {
  desk d;
  asked a = set_of("alpha", "a");
  a.noreply = true;
  d.ask(a);
  const auto get = d.ask(get_of({"alpha"}));
  d.write();
  CHECK(d.read("ERROR\r\n") == errc::client_error);
  CHECK(get->result == errc::client_error);
}

TEST_CASE("a failed request knows whether it had left", "[session]") {
  desk d;
  const auto complete = d.ask(get_of({"alpha"}));
  const auto part = d.ask(set_of("bravo", "b"));
  const auto unsent = d.ask(set_of("charlie", "c"));
  d.write(12);  // the first has eleven bytes
  d.session.fail(errc::timed_out);
  CHECK(complete->written);
  CHECK(part->written);
  CHECK_FALSE(unsent->written);
  for (const outcome* o : {complete, part, unsent}) CHECK(o->result == errc::timed_out);
}

TEST_CASE("the greeting is alone on the wire", "[session]") {
  desk d({.protocol = wire_protocol::automatic});
  d.ask(set_of("alpha", "a"));
  CHECK(d.session.wants_write());
  CHECK(d.write() == "version\r\n");
  CHECK_FALSE(d.session.wants_write());
  CHECK(d.session.wants_read());
  CHECK_FALSE(d.session.idle());
  REQUIRE_FALSE(d.read("VERSION 1.6.45\r\n"));
  CHECK(d.session.version() == protocol::server_version{1, 6, 45});
  CHECK(d.session.wants_write());
  CHECK(d.write() == "ms alpha 1 O1\r\na\r\n");
  CHECK_FALSE(d.read("HD O1\r\n"));
}

TEST_CASE("a greeting that goes wrong fails what waits for it", "[session]") {
  for (const char* line : {"CLIENT_ERROR unauthenticated\r\n", "ERROR Too many open connections\r\n", "STORED\r\n"}) {
    desk d({.protocol = wire_protocol::automatic});
    const auto o = d.ask(get_of({"alpha"}));
    d.write();
    CHECK(d.read(line));
    CHECK(o->finished == 1);
    CHECK_FALSE(o->written);
    CHECK(d.session.last_line() + "\r\n" == line);
  }
}

TEST_CASE("a session is ready when a request would be encoded at once", "[session]") {
  desk d({.protocol = wire_protocol::automatic});
  CHECK_FALSE(d.session.is_ready());  // the version is to be asked first
  CHECK(d.session.output({}) == 0);
  CHECK_FALSE(d.session.is_ready());
  d.greet();
  CHECK(d.session.is_ready());
  d.ask(get_of({"alpha"}));
  CHECK_FALSE(d.session.is_ready());  // another one goes first
  d.session.output({});
  CHECK(d.session.is_ready());  // that it is not written, or not answered, is no hindrance
  d.write();
  CHECK(d.session.is_ready());

  int ahead = 0;
  for (; d.session.is_ready() && ahead < 100; ++ahead) {
    d.ask(set_of("alpha", std::string(3000, 'a')));
    d.session.output({});
  }
  CHECK(ahead == 11);  // of 3 KB, into 32 KiB
  d.write(400);
  CHECK_FALSE(d.session.is_ready());
  d.write(3000);
  CHECK(d.session.is_ready());
}

TEST_CASE("without a greeting a session is ready when its output was asked for", "[session]") {
  desk d;
  CHECK_FALSE(d.session.is_ready());
  d.session.output({});
  CHECK(d.session.is_ready());

  desk flushing({.protocol = wire_protocol::text, .flush_first = true});
  CHECK(flushing.write() == "flush_all\r\n");
  CHECK_FALSE(flushing.session.is_ready());
  CHECK_FALSE(flushing.read("OK\r\n"));
  CHECK(flushing.session.is_ready());
}

TEST_CASE("what is encoded ahead of the socket is bounded", "[session]") {
  desk d;
  for (int i = 0; i < 100; ++i) d.ask(set_of("alpha", std::string(3000, 'a')));
  std::array<session::session::piece, 4> pieces;
  const std::size_t count = d.session.output(pieces);
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) size += pieces[i].size;
  CHECK(size >= 32 * 1024);
  CHECK(size <= 32 * 1024 + 3100);
  const std::size_t all = d.write().size();
  CHECK(all == 100 * (std::string("set alpha 0 0 3000\r\n").size() + 3002));
  for (int i = 0; i < 100; ++i) REQUIRE_FALSE(d.read("STORED\r\n"));
  CHECK(d.session.idle());
}
