// Name and password before anything else, in both of their forms.

#include <catch2/catch.hpp>

#include <memory>
#include <string>

#include "exchanges.hpp"
#include "support/desk.hpp"
#include "support/frames.hpp"

namespace cmemcache::test {

namespace {

using namespace std::string_literals;
using enum verb;

const auto ada = std::make_shared<protocol::credentials>("ada", "secret");
const session::session_options text{.protocol = wire_protocol::text, .credentials = ada};
const session::session_options automatic{.protocol = wire_protocol::automatic, .flush_first = true, .credentials = ada};
const session::session_options binary{.protocol = wire_protocol::binary, .flush_first = true, .credentials = ada};

const std::string says = "set authentication 0 -1 10\r\nada secret\r\n";
const std::string says_by_sasl = asks({.code = 0x21, .key = "PLAIN", .value = "\0ada\0secret"s, .opaque = 1});

}  // namespace

const std::vector<exchange>& authentications() {
  static const std::vector<exchange> table{
      {"authentication in text, alone",
       text,
       {{says, "STORED\r\n"}, {"set alpha 0 0 1\r\nx\r\n", "STORED\r\n"}},
       {{.op = set, .keys = {{.key = "alpha", .value = "x", .answer = stored}}}}},
      {"authentication, then the greeting",
       automatic,
       {{says, "STORED\r\n"},
        {"version\r\nflush_all\r\n", "VERSION 1.6.18\r\nOK\r\n"},
        {"ms alpha 1 O1\r\nx\r\n", "HD O1\r\n"}},
       {{.op = set, .keys = {{.key = "alpha", .value = "x", .answer = stored}}}}},
      {"authentication by SASL",
       binary,
       {{says_by_sasl, replies({.code = 0x21, .value = "Authenticated", .opaque = 1})},
        {asks({.code = 8, .opaque = 2}), replies({.code = 8, .opaque = 2})},
        {asks({.code = 4, .key = "alpha", .opaque = 3}), replies({.code = 4, .opaque = 3})}},
       {{.op = delete_, .keys = {{.key = "alpha", .answer = deleted}}}}},
  };
  return table;
}

TEST_CASE("who is not let in hears why, and nothing else was said", "[authentication]") {
  struct refused {
    session::session_options options;
    std::string said, answer, words;
  };
  const std::string wrong = "CLIENT_ERROR authentication failure";
  const refused all[] = {
      {text, says, wrong + "\r\n", wrong},
      {automatic, says, wrong + "\r\n", wrong},
      {automatic, says, "SERVER_ERROR out of memory storing object\r\n", "SERVER_ERROR out of memory storing object"},
      {automatic, says, "ERROR\r\n", "ERROR"},
      {binary, says_by_sasl, replies({.code = 0x21, .status = 0x20, .value = "Auth failure.", .opaque = 1}), "Auth failure."},
      {binary, says_by_sasl, replies({.code = 0x21, .status = 0x21, .value = "more", .opaque = 1}), "more"},
      {binary, says_by_sasl, replies({.code = 0x21, .status = 0x81, .value = "Unknown command", .opaque = 1}), "Unknown command"},
      {binary, says_by_sasl, "CLIENT_ERROR unauthenticated\r\n", "CLIENT_ERROR unauthenticated"},
  };
  for (const refused& r : all) {
    INFO(r.answer);
    desk d(r.options);
    outcome* const o = d.ask(set_of("alpha", "x"));
    CHECK(d.write() == r.said);
    CHECK(d.read(r.answer) == errc::authentication_failed);
    CHECK(o->result == errc::authentication_failed);
    CHECK_FALSE(o->written);
    CHECK(d.session.last_line() == r.words);
    CHECK(d.write().empty());
  }
}

TEST_CASE("who should have said a name is told so", "[authentication]") {
  desk in_text({.protocol = wire_protocol::automatic});
  outcome* const o = in_text.ask(get_of({"alpha"}));
  CHECK(in_text.write() == "version\r\n");
  CHECK(in_text.read("CLIENT_ERROR unauthenticated\r\n") == errc::authentication_failed);
  CHECK(o->result == errc::authentication_failed);

  desk in_binary({.protocol = wire_protocol::binary});
  outcome* const other = in_binary.ask(get_of({"alpha"}));
  in_binary.write();
  CHECK(in_binary.read(replies({.code = 0x0c, .status = 0x20, .value = "Auth failure.", .opaque = 1})) ==
        errc::authentication_failed);
  CHECK(other->result == errc::authentication_failed);
}

TEST_CASE("nothing is ready to be written before the server has let us in", "[authentication]") {
  desk d(text);
  CHECK_FALSE(d.session.is_ready());
  d.write();
  d.ask(get_of({"alpha"}));
  CHECK_FALSE(d.session.is_ready());
  CHECK_FALSE(d.session.wants_write());
  CHECK_FALSE(d.read("STORED\r\n"));
  CHECK(d.session.wants_write());
  CHECK(d.write() == "get alpha\r\n");
}

}  // namespace cmemcache::test
