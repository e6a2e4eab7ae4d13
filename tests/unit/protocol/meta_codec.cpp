#include "protocol/meta_codec.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <string>
#include <vector>

#include "support/gathered.hpp"

using namespace cmemcache;
using namespace cmemcache::protocol;
using namespace std::string_literals;

namespace {

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t i64_max = std::numeric_limits<std::int64_t>::max();
constexpr auto in_order = reply_shape::in_order;
constexpr auto quiet = reply_shape::quiet;
const std::string large(10'000, 'L');

std::string encoded(const command& what, const std::vector<element>& elements, reply_shape shape,
                    std::uint32_t opaque) {
  gather out;
  meta::encode(what, elements, shape, opaque, out);
  return test::gathered(out);
}

struct encoding {
  command what;
  std::vector<element> elements;
  reply_shape shape;
  std::string bytes;  // the first opaque is 7
};

const std::vector<encoding> encodings{
    {{.op = verb::get}, {{.key = "a"}}, in_order, "mg a v f O7\r\n"},
    {{.op = verb::get, .prefix = "p:"},
     {{.key = "a"}, {.key = "b"}},
     quiet,
     "mg p:a v f O7 q\r\nmg p:b v f O8 q\r\nmn\r\n"},
    {{.op = verb::get}, {{.key = "a"}, {.key = "b"}}, in_order, "mg a v f O7\r\nmg b v f O8\r\n"},
    {{.op = verb::gets}, {{.key = "a"}}, in_order, "mg a v f c O7\r\n"},
    {{.op = verb::gat, .exptime = 60}, {{.key = "a"}}, in_order, "mg a v f T60 O7\r\n"},
    {{.op = verb::gat}, {{.key = "a"}}, in_order, "mg a v f T0 O7\r\n"},
    {{.op = verb::gats, .exptime = -9}, {{.key = "a"}}, in_order, "mg a v f c T-1 O7\r\n"},
    {{.op = verb::touch, .exptime = i64_max}, {{.key = "a"}}, in_order, "mg a T2147483647 O7\r\n"},
    {{.op = verb::set}, {{.key = "a", .value = "123"}}, in_order, "ms a 3 O7\r\n123\r\n"},
    {{.op = verb::set, .exptime = 60, .prefix = "p:"},
     {{.key = "a", .value = "1", .flags = 4294967295U}, {.key = "b", .value = ""}},
     quiet,
     "ms p:a 1 F4294967295 T60 O7 q\r\n1\r\nms p:b 0 T60 O8 q\r\n\r\nmn\r\n"},
    {{.op = verb::set, .exptime = -2},
     {{.key = "a", .value = std::string_view("\0\r\n", 3)}},
     in_order,
     "ms a 3 T-1 O7\r\n\0\r\n\r\n"s},
    {{.op = verb::add}, {{.key = "a", .value = "1"}}, in_order, "ms a 1 ME O7\r\n1\r\n"},
    {{.op = verb::replace, .exptime = i64_max},
     {{.key = "a", .value = large}},
     in_order,
     "ms a 10000 T2147483647 MR O7\r\n" + large + "\r\n"},
    {{.op = verb::append}, {{.key = "a", .value = "1"}}, in_order, "ms a 1 MA O7\r\n1\r\n"},
    {{.op = verb::prepend}, {{.key = "a", .value = "1"}}, quiet, "ms a 1 MP O7 q\r\n1\r\nmn\r\n"},
    {{.op = verb::cas},
     {{.key = "a", .value = "1", .flags = 3, .number = u64_max}},
     in_order,
     "ms a 1 F3 C18446744073709551615 O7\r\n1\r\n"},
    {{.op = verb::incr}, {{.key = "a", .number = u64_max}}, in_order, "ma a v D18446744073709551615 O7\r\n"},
    {{.op = verb::decr}, {{.key = "a", .number = 0}}, in_order, "ma a v D0 MD O7\r\n"},
    {{.op = verb::delete_}, {{.key = "a"}}, in_order, "md a O7\r\n"},
    {{.op = verb::delete_}, {{.key = "noreply"}, {.key = "b"}}, quiet, "md noreply O7 q\r\nmd b O8 q\r\nmn\r\n"},
};

}  // namespace

TEST_CASE("every meta command is encoded to the byte", "[meta_codec]") {
  for (const encoding& e : encodings) {
    INFO(e.bytes);
    CHECK(encoded(e.what, e.elements, e.shape, 7) == e.bytes);
  }
}

TEST_CASE("the longest meta command fits into the room it asks for", "[meta_codec]") {
  const std::string key(250, 'k');
  const element e{.key = key, .value = large, .flags = 4294967295U, .number = u64_max};
  CHECK(encoded({.op = verb::cas, .exptime = i64_max}, {e}, quiet, 4294967295U) ==
        "ms " + key + " 10000 F4294967295 T2147483647 C18446744073709551615 O4294967295 q\r\n" + large + "\r\nmn\r\n");
}

TEST_CASE("opaques go on from the last to the first", "[meta_codec]") {
  CHECK(encoded({.op = verb::delete_}, {{.key = "a"}, {.key = "b"}}, in_order, 4294967295U) ==
        "md a O4294967295\r\nmd b O0\r\n");
}

TEST_CASE("the meta commands speak of keys, and always answer", "[meta_codec]") {
  CHECK(meta::can_say({.op = verb::get}));
  CHECK(meta::can_say({.op = verb::touch}));
  CHECK(meta::can_say({.op = verb::get, .noreply = true}));
  CHECK_FALSE(meta::can_say({.op = verb::set, .noreply = true}));
  CHECK_FALSE(meta::can_say({.op = verb::flush_all}));
  CHECK_FALSE(meta::can_say({.op = verb::version}));
  CHECK_FALSE(meta::can_say({.op = verb::stats}));
}

TEST_CASE("many are asked quietly where silence can mean success and doubt can be asked again", "[meta_codec]") {
  for (const verb op : {verb::get, verb::gats, verb::set, verb::delete_}) {
    CHECK(meta::shape_of({.op = op}, 1) == in_order);
    CHECK(meta::shape_of({.op = op}, 2) == quiet);
  }
  for (const verb op : {verb::add, verb::replace, verb::append, verb::prepend, verb::cas, verb::incr, verb::decr,
                        verb::touch})
    CHECK(meta::shape_of({.op = op}, 2) == in_order);
}

TEST_CASE("a VA line is read", "[meta_codec]") {
  const reply_line hit = meta::parse("VA 10 f30 O7", verb::get);
  CHECK(hit.what == reply_line::kind::value);
  CHECK(hit.status == status::hit);
  CHECK(hit.size == 10);
  CHECK(hit.flags == 30);
  CHECK(hit.has_opaque);
  CHECK(hit.opaque == 7);
  const reply_line all = meta::parse(
      "VA 18446744073709551615 f4294967295 c18446744073709551615 t-1 s5 h0 O4294967295 kfoo W X Z ", verb::gets);
  CHECK(all.what == reply_line::kind::value);
  CHECK(all.size == u64_max);
  CHECK(all.flags == 4294967295U);
  CHECK(all.cas == u64_max);
  CHECK(all.opaque == 4294967295U);
  const reply_line number = meta::parse("VA 2 O7", verb::decr);
  CHECK(number.what == reply_line::kind::value);
  CHECK(number.status == status::number);
  CHECK_FALSE(meta::parse("VA 2 f0", verb::get).has_opaque);
}

TEST_CASE("a VA line with anything wrong is a protocol error", "[meta_codec]") {
  for (const char* line : {"VA",
                           "VA ",
                           "VA x",
                           "VA -1 O7",
                           "VA 18446744073709551616 O7",
                           "VA 1 f4294967296 O7",
                           "VA 1 f O7",
                           "VA 1 fx O7",
                           "VA 1 O",
                           "VA 1 Ox",
                           "VA 1 O-1",
                           "VA 1 O4294967296",
                           "VA 1 O7x",
                           "VA 1 O7 O7",
                           "VA 1 O7 O8",
                           "VA 1  O7",
                           "VA  1 O7",
                           "VA1 O7",
                           "VA\t1 O7",
                           "VA 1 f1x O7",
                           "VA 1 c18446744073709551616 O7",
                           "va 1 O7",
                           " VA 1 O7"}) {
    INFO(line);
    const reply_line got = meta::parse(line, verb::get);
    CHECK(got.what == reply_line::kind::failure);
    CHECK(got.code == errc::protocol_error);
    CHECK(got.text == line);
  }
  // A unique that was asked for must be there: 0 would store over whatever is there.
  CHECK(meta::parse("VA 1 f0 O7", verb::gets).what == reply_line::kind::failure);
  CHECK(meta::parse("VA 1 f0 O7", verb::gats).what == reply_line::kind::failure);
  CHECK(meta::parse("VA 1 O7 c0", verb::gats).what == reply_line::kind::value);
  for (const verb op : {verb::set, verb::touch, verb::delete_})
    CHECK(meta::parse("VA 1 O7", op).what == reply_line::kind::failure);
}

TEST_CASE("each verb understands its own codes and no others", "[meta_codec]") {
  using enum status;
  struct meaning {
    verb op;
    cmemcache::status hd, en, ns, ex, nf;
  };
  const cmemcache::status no = unanswered;
  const std::vector<meaning> meanings{
      {verb::get, no, miss, no, no, no},
      {verb::gats, no, miss, no, no, no},
      {verb::set, stored, no, not_stored, no, no},
      {verb::add, stored, no, not_stored, no, no},
      {verb::append, stored, no, not_stored, no, no},
      {verb::cas, stored, no, not_stored, exists, not_found},
      {verb::incr, no, no, no, no, not_found},
      {verb::decr, no, no, no, no, not_found},
      {verb::touch, touched, not_found, no, no, no},
      {verb::delete_, deleted, no, no, no, not_found},
  };
  for (const meaning& m : meanings) {
    const std::vector<std::pair<std::string, cmemcache::status>> codes{
        {"HD", m.hd}, {"EN", m.en}, {"NS", m.ns}, {"EX", m.ex}, {"NF", m.nf}, {"ME", no}, {"XX", no}};
    for (const auto& [code, expected] : codes) {
      INFO(code << " to " << to_string(m.op));
      const reply_line got = meta::parse(code + " O7", m.op);
      CHECK(got.what == (expected == no ? reply_line::kind::failure : reply_line::kind::answer));
      CHECK(got.status == expected);
      if (expected == no) continue;
      CHECK(got.opaque == 7);
      CHECK(meta::parse(code + " O7 kfoo b ", m.op).what == reply_line::kind::answer);
      CHECK_FALSE(meta::parse(code, m.op).has_opaque);
      for (const char* bad : {"x", " O", " O7 O7", "  O7", "\tO7", " O7x"})
        CHECK(meta::parse(code + bad, m.op).what == reply_line::kind::failure);
    }
  }
}

TEST_CASE("MN is the fence and nothing else", "[meta_codec]") {
  CHECK(meta::parse("MN", verb::set).what == reply_line::kind::fence);
  for (const char* line : {"MN ", "MNX", "mn", "M", ""})
    CHECK(meta::parse(line, verb::set).what == reply_line::kind::failure);
}

TEST_CASE("error lines are errors in the meta protocol, too", "[meta_codec]") {
  CHECK(meta::parse("SERVER_ERROR object too large for cache", verb::set).code == errc::value_too_large);
  CHECK(meta::parse("CLIENT_ERROR invalid flag", verb::set).code == errc::client_error);
  CHECK(meta::parse("ERROR", verb::get).code == errc::client_error);
  CHECK(meta::parse("END", verb::get).code == errc::protocol_error);
  CHECK(meta::parse("STORED", verb::set).code == errc::protocol_error);
}
