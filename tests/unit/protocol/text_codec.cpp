#include "protocol/text_codec.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <string>
#include <vector>

#include "support/gathered.hpp"

using namespace cmemcache;
using namespace cmemcache::protocol;
using namespace std::string_literals;

namespace {

std::string encoded(const command& what, const std::vector<element>& elements = {}) {
  gather out;
  text::encode(what, elements, out);
  return test::gathered(out);
}

const std::string large(10'000, 'L');
constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t i64_max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t i64_min = std::numeric_limits<std::int64_t>::min();

struct encoding {
  command what;
  std::vector<element> elements;
  std::string bytes;
};

const std::vector<encoding> encodings{
    // One line for the whole get family.
    {{.op = verb::get}, {{.key = "a"}}, "get a\r\n"},
    {{.op = verb::get}, {{.key = "a"}, {.key = "b"}, {.key = "a"}}, "get a b a\r\n"},
    {{.op = verb::get, .prefix = "p:"}, {{.key = "a"}, {.key = "b"}}, "get p:a p:b\r\n"},
    {{.op = verb::gets}, {{.key = "a"}}, "gets a\r\n"},
    {{.op = verb::gat, .exptime = 60}, {{.key = "a"}, {.key = "b"}}, "gat 60 a b\r\n"},
    {{.op = verb::gats, .exptime = -5, .prefix = "p:"}, {{.key = "a"}}, "gats -1 p:a\r\n"},
    {{.op = verb::get, .noreply = true}, {{.key = "a"}}, "get a\r\n"},
    // One command each for the others.
    {{.op = verb::set}, {{.key = "a", .value = "12345"}}, "set a 0 0 5\r\n12345\r\n"},
    {{.op = verb::set, .exptime = 2592001, .prefix = "p:"},
     {{.key = "a", .value = "1", .flags = 4294967295U}, {.key = "b", .value = "", .flags = 2}},
     "set p:a 4294967295 2592001 1\r\n1\r\nset p:b 2 2592001 0\r\n\r\n"},
    {{.op = verb::set, .exptime = i64_max}, {{.key = "a", .value = "1"}}, "set a 0 2147483647 1\r\n1\r\n"},
    {{.op = verb::set, .exptime = i64_min}, {{.key = "a", .value = "1"}}, "set a 0 -1 1\r\n1\r\n"},
    {{.op = verb::add}, {{.key = "a", .value = std::string_view("\0\r\n\0", 4)}}, "add a 0 0 4\r\n\0\r\n\0\r\n"s},
    {{.op = verb::replace}, {{.key = "a", .value = large}}, "replace a 0 0 10000\r\n" + large + "\r\n"},
    {{.op = verb::append}, {{.key = "a", .value = "x"}}, "append a 0 0 1\r\nx\r\n"},
    {{.op = verb::prepend}, {{.key = "a", .value = "x"}}, "prepend a 0 0 1\r\nx\r\n"},
    {{.op = verb::cas}, {{.key = "a", .value = "x", .number = u64_max}}, "cas a 0 0 1 18446744073709551615\r\nx\r\n"},
    {{.op = verb::set, .noreply = true}, {{.key = "a", .value = "x"}}, "set a 0 0 1 noreply\r\nx\r\n"},
    {{.op = verb::cas, .noreply = true}, {{.key = "a", .value = "x", .number = 9}}, "cas a 0 0 1 9 noreply\r\nx\r\n"},
    {{.op = verb::incr}, {{.key = "a", .number = u64_max}}, "incr a 18446744073709551615\r\n"},
    {{.op = verb::decr, .noreply = true}, {{.key = "a", .number = 1}}, "decr a 1 noreply\r\n"},
    {{.op = verb::touch, .exptime = i64_max}, {{.key = "a"}}, "touch a 2147483647\r\n"},
    {{.op = verb::touch, .noreply = true}, {{.key = "a"}}, "touch a 0 noreply\r\n"},
    {{.op = verb::delete_}, {{.key = "a"}, {.key = "b"}}, "delete a\r\ndelete b\r\n"},
    {{.op = verb::delete_, .noreply = true}, {{.key = "a"}}, "delete a noreply\r\n"},
    // A key that reads like the word must not be taken for it.
    {{.op = verb::delete_}, {{.key = "noreply"}}, "delete noreply 0\r\n"},
    {{.op = verb::delete_, .prefix = "nore"},
     {{.key = "ply"}, {.key = "plx"}},
     "delete noreply 0\r\ndelete noreplx\r\n"},
    {{.op = verb::delete_, .prefix = "x"}, {{.key = "noreply"}}, "delete xnoreply\r\n"},
    {{.op = verb::delete_, .noreply = true}, {{.key = "noreply"}}, "delete noreply noreply\r\n"},
    {{.op = verb::get}, {{.key = "noreply"}}, "get noreply\r\n"},
    {{.op = verb::touch}, {{.key = "noreply"}}, "touch noreply 0\r\n"},
    // About a server.
    {{.op = verb::flush_all}, {}, "flush_all\r\n"},
    {{.op = verb::flush_all, .delay = 30}, {}, "flush_all 30\r\n"},
    {{.op = verb::flush_all, .noreply = true, .delay = u64_max}, {}, "flush_all 18446744073709551615 noreply\r\n"},
    {{.op = verb::version}, {}, "version\r\n"},
    {{.op = verb::version, .noreply = true}, {}, "version\r\n"},
    {{.op = verb::stats}, {}, "stats\r\n"},
    {{.op = verb::stats, .noreply = true, .argument = "items"}, {}, "stats items\r\n"},
};

reply_shape shape(verb op, bool noreply = false) { return text::shape_of({.op = op, .noreply = noreply}); }

}  // namespace

TEST_CASE("every classic command is encoded to the byte", "[text_codec]") {
  for (const encoding& e : encodings) {
    INFO(e.bytes);
    CHECK(encoded(e.what, e.elements) == e.bytes);
  }
}

TEST_CASE("the longest command fits into the room it asks for", "[text_codec]") {
  const std::string key(250, 'k');
  const element e{.key = key, .value = large, .flags = 4294967295U, .number = u64_max};
  const std::string line = "prepend " + key + " 4294967295 2147483647 10000 noreply\r\n" + large + "\r\n";
  CHECK(encoded({.op = verb::prepend, .noreply = true, .exptime = i64_max}, {e}) == line);
  std::vector<element> many(2000, element{.key = key});
  CHECK(encoded({.op = verb::gats, .exptime = i64_max}, many).size() == 4 + 11 + 2000 * 251 + 2);
}

TEST_CASE("how classic replies come", "[text_codec]") {
  CHECK(shape(verb::get) == reply_shape::line);
  CHECK(shape(verb::gats) == reply_shape::line);
  CHECK(shape(verb::set) == reply_shape::in_order);
  CHECK(shape(verb::delete_) == reply_shape::in_order);
  CHECK(shape(verb::version) == reply_shape::in_order);
  CHECK(shape(verb::stats) == reply_shape::list);
  for (const verb op : {verb::set, verb::cas, verb::incr, verb::touch, verb::delete_, verb::flush_all})
    CHECK(shape(op, true) == reply_shape::none);
  // memcached answers these whatever is said.
  CHECK(shape(verb::get, true) == reply_shape::line);
  CHECK(shape(verb::version, true) == reply_shape::in_order);
  CHECK(shape(verb::stats, true) == reply_shape::list);
}

TEST_CASE("a VALUE line is read", "[text_codec]") {
  const reply_line plain = text::parse("VALUE p:a 4294967295 18446744073709551615", verb::get);
  CHECK(plain.what == reply_line::kind::value);
  CHECK(plain.status == status::hit);
  CHECK(plain.key == "p:a");
  CHECK(plain.flags == 4294967295U);
  CHECK(plain.size == u64_max);
  const reply_line with_cas = text::parse("VALUE a 0 0 18446744073709551615", verb::gats);
  CHECK(with_cas.what == reply_line::kind::value);
  CHECK(with_cas.size == 0);
  CHECK(with_cas.cas == u64_max);
}

TEST_CASE("a VALUE line with anything wrong is a protocol error", "[text_codec]") {
  for (const char* line : {"VALUE",        "VALUE ",         "VALUE  0 1",           "VALUE a",
                           "VALUE a 0",    "VALUE a 0 ",     "VALUE a 0 1 ",         "VALUE a 0 1 2",
                           "VALUE a 0 -1", "VALUE a -1 1",   "VALUE a 4294967296 1", "VALUE a 0 18446744073709551616",
                           "VALUE a 0 1x", "VALUE a x 1",    "VALUE a  0 1",         "VALUE a 0  1",
                           "VALUE a +1 1", "VALUE a 0 0x10", "value a 0 1",          "VALUEa 0 1",
                           " VALUE a 0 1", "VALUE a b 0 1"}) {
    INFO(line);
    const reply_line got = text::parse(line, verb::get);
    CHECK(got.what == reply_line::kind::failure);
    CHECK(got.code == errc::protocol_error);
    CHECK(got.text == line);
  }
  for (const char* line :
       {"VALUE a 0 1", "VALUE a 0 1 ", "VALUE a 0 1 x", "VALUE a 0 1 18446744073709551616", "VALUE a 0 1 2 3"})
    CHECK(text::parse(line, verb::gets).code == errc::protocol_error);
  CHECK(text::parse("VALUE a 0 1", verb::gets).what == reply_line::kind::failure);
}

TEST_CASE("a VALUE line of the key that is due is read as it stands, and only when it is whole", "[text_codec]") {
  const std::string_view line = "VALUE p:key 17 5 18446744073709551615\r\n";
  text::value_line got;
  CHECK(text::read_value(std::string(line) + "bytes\r\n", verb::gets, "p:", "key", got) == line.size());
  CHECK(got.flags == 17);
  CHECK(got.size == 5);
  CHECK(got.cas == u64_max);
  for (std::size_t size = 0; size < line.size(); ++size)
    CHECK(text::read_value(line.substr(0, size), verb::gets, "p:", "key", got) == 0);
  CHECK(text::read_value(line, verb::gets, "", "p:key", got) == line.size());
  CHECK(text::read_value(line, verb::get, "", "p:key", got) == 0);  // there is more than was asked for
  for (const char* key : {"p:ke", "p:keys", "p:kez", "P:key", "", "p:key 17"})
    CHECK(text::read_value(line, verb::gets, "", key, got) == 0);
  CHECK(text::read_value(line, verb::gets, "p:k", "key", got) == 0);
  for (const char* other : {"END\r\n", "VALUE a  1\r\n", "VALUE a 0 -1\r\n", "VALUE a 4294967296 1\r\n", "VALUE a 0 1x\r\n",
                            "VALUE a 0 1 \r\n", "VALUE a 0 1\n", "VALUE a 0 1\rx", "value a 0 1\r\n", "VALUE a"})
    CHECK(text::read_value(other, verb::get, "", "a", got) == 0);
}

TEST_CASE("each verb understands its own words and no others", "[text_codec]") {
  using enum status;
  struct known {
    const char* line;
    std::vector<std::pair<verb, cmemcache::status>> means;
  };
  const std::vector<std::pair<verb, cmemcache::status>> to_store{{verb::set, stored},     {verb::add, stored},
                                                                 {verb::replace, stored}, {verb::append, stored},
                                                                 {verb::prepend, stored}, {verb::cas, stored}};
  const std::vector<std::pair<verb, cmemcache::status>> not_to_store{{verb::set, not_stored},
                                                                     {verb::add, not_stored},
                                                                     {verb::replace, not_stored},
                                                                     {verb::append, not_stored},
                                                                     {verb::prepend, not_stored}};
  const std::vector<known> words{
      {"STORED", to_store},
      {"NOT_STORED", not_to_store},
      {"EXISTS", {{verb::cas, exists}}},
      {"NOT_FOUND",
       {{verb::cas, not_found},
        {verb::incr, not_found},
        {verb::decr, not_found},
        {verb::touch, not_found},
        {verb::delete_, not_found}}},
      {"DELETED", {{verb::delete_, deleted}}},
      {"TOUCHED", {{verb::touch, touched}}},
      {"OK", {{verb::flush_all, ok}, {verb::stats, ok}}},
      {"RESET", {{verb::stats, ok}}},
      {"VERSION 1.6.18", {{verb::version, ok}}},
      {"17", {{verb::incr, number}, {verb::decr, number}}},
      {"STORED ", {}},
      {"stored", {}},
      {"STORE", {}},
      {"STOREDX", {}},
      {"NOT_FOUND ", {}},
      {"OK ", {}},
      {"VERSION", {}},
      {"", {}},
      {"MN", {}},
      {"HD", {}},
  };
  for (const known& w : words)
    for (int v = 0; v <= static_cast<int>(verb::stats); ++v) {
      const auto op = static_cast<verb>(v);
      INFO(w.line << " to " << to_string(op));
      const reply_line got = text::parse(w.line, op);
      const auto found = std::find_if(w.means.begin(), w.means.end(), [&](const auto& m) { return m.first == op; });
      if (found != w.means.end()) {
        CHECK(got.what == reply_line::kind::answer);
        CHECK(got.status == found->second);
      } else {
        CHECK(got.what == reply_line::kind::failure);
        CHECK(got.code == errc::protocol_error);
      }
    }
}

TEST_CASE("END ends values and statistics only", "[text_codec]") {
  for (int v = 0; v <= static_cast<int>(verb::stats); ++v) {
    const auto op = static_cast<verb>(v);
    const bool ends = is_retrieval(op) || op == verb::stats;
    CHECK((text::parse("END", op).what == reply_line::kind::end) == ends);
    CHECK(text::parse("END ", op).what == reply_line::kind::failure);
  }
}

TEST_CASE("incr and decr answer a number, blanks behind it or not", "[text_codec]") {
  CHECK(text::parse("18446744073709551615", verb::incr).number == u64_max);
  const reply_line padded = text::parse("9  ", verb::decr);
  CHECK(padded.status == status::number);
  CHECK(padded.number == 9);
  for (const char* line : {"18446744073709551616", "-1", " 1", "1 x", "1x", "x"})
    CHECK(text::parse(line, verb::incr).what == reply_line::kind::failure);
}

TEST_CASE("statistics and versions are texts", "[text_codec]") {
  const reply_line stat = text::parse("STAT version 1.6.18 with blanks ", verb::stats);
  CHECK(stat.what == reply_line::kind::stat);
  CHECK(stat.key == "version");
  CHECK(stat.text == "1.6.18 with blanks ");
  CHECK(text::parse("STAT name", verb::stats).text.empty());
  CHECK(text::parse("STAT name ", verb::stats).text.empty());
  CHECK(text::parse("ITEM key [5 b; 0 s]", verb::stats).text == "[5 b; 0 s]");
  CHECK(text::parse("PREFIX app get 1 hit 0", verb::stats).key == "app");
  CHECK(text::parse("ITEM key [5 b; 0 s]", verb::get).what == reply_line::kind::failure);
  CHECK(text::parse("STAT ", verb::stats).what == reply_line::kind::failure);
  CHECK(text::parse("STAT  x", verb::stats).what == reply_line::kind::failure);
  CHECK(text::parse("STAT a b", verb::get).what == reply_line::kind::failure);
  CHECK(text::parse("VERSION 1.6.18-beta 2", verb::version).text == "1.6.18-beta 2");
}

TEST_CASE("an error line keeps its words", "[text_codec]") {
  const reply_line got = text::parse("SERVER_ERROR object too large for cache", verb::set);
  CHECK(got.what == reply_line::kind::failure);
  CHECK(got.code == errc::value_too_large);
  CHECK(got.text == "SERVER_ERROR object too large for cache");
}
