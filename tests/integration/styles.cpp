// Every verb about one key against a real memcached, in every calling style: one table for all.

#include <catch2/catch.hpp>

#include <string>

#include <cmemcache/blocking_client.hpp>

#include "support/in_every_style.hpp"

using namespace cmemcache;
using namespace cmemcache::test;

TEST_CASE_METHOD(in_every_style, "verbs find nothing, find something, and change it", "[styles]") {
  INFO(name());
  play({{{.op = verb::get, .key = "k"}, "miss"},
        {{.op = verb::gets, .key = "k"}, "miss"},
        {{.op = verb::gat, .key = "k", .exptime = 10}, "miss"},
        {{.op = verb::gats, .key = "k", .exptime = 10}, "miss"},
        {{.op = verb::replace, .key = "k", .value = "no"}, "not_stored"},
        {{.op = verb::append, .key = "k", .value = "no"}, "not_stored"},
        {{.op = verb::prepend, .key = "k", .value = "no"}, "not_stored"},
        {{.op = verb::cas, .key = "k", .value = "no", .number = 1}, "not_found"},
        {{.op = verb::incr, .key = "k", .number = 1}, "not_found"},
        {{.op = verb::decr, .key = "k", .number = 1}, "not_found"},
        {{.op = verb::touch, .key = "k", .exptime = 10}, "not_found"},
        {{.op = verb::delete_, .key = "k"}, "not_found"},

        {{.op = verb::set, .key = "k", .value = "one", .flags = 4000000000u}, "stored"},
        {{.op = verb::get, .key = "k"}, "hit one f4000000000"},
        {{.op = verb::add, .key = "k", .value = "two"}, "not_stored"},
        {{.op = verb::replace, .key = "k", .value = "two", .flags = 7, .exptime = 60}, "stored"},
        {{.op = verb::append, .key = "k", .value = ">"}, "stored"},
        {{.op = verb::prepend, .key = "k", .value = "<"}, "stored"},
        {{.op = verb::gat, .key = "k", .exptime = 60}, "hit <two> f7"},
        {{.op = verb::gats, .key = "k", .exptime = 60}, "hit <two> f7"},
        {{.op = verb::touch, .key = "k", .exptime = 60}, "touched"},
        {{.op = verb::gets, .key = "k"}, "hit <two> f7"},
        {{.op = verb::cas, .key = "k", .value = "three", .flags = 9, .exptime = 60, .number = last_unique}, "stored"},
        {{.op = verb::cas, .key = "k", .value = "four", .number = last_unique}, "exists"},
        {{.op = verb::get, .key = "k"}, "hit three f9"},
        {{.op = verb::delete_, .key = "k"}, "deleted"},
        {{.op = verb::add, .key = "k", .value = "five", .flags = 1, .exptime = 60}, "stored"},
        {{.op = verb::set, .key = "k", .value = "six"}, "stored"},
        {{.op = verb::get, .key = "k"}, "hit six f0"}});
}

TEST_CASE_METHOD(in_every_style, "numbers are counted, and what is none is refused", "[styles]") {
  INFO(name());
  play({{{.op = verb::set, .key = "n", .value = "10"}, "stored"},
        {{.op = verb::incr, .key = "n", .number = 5}, "number 15"},
        {{.op = verb::incr, .key = "n", .number = 1}, "number 16"},
        {{.op = verb::decr, .key = "n", .number = 6}, "number 10"},
        {{.op = verb::decr, .key = "n", .number = 1}, "number 9"},
        {{.op = verb::decr, .key = "n", .number = 100}, "number 0"},
        {{.op = verb::set, .key = "n", .value = "18446744073709551615"}, "stored"},
        {{.op = verb::incr, .key = "n", .number = 2}, "number 1"},
        {{.op = verb::set, .key = "word", .value = "five"}, "stored"},
        {{.op = verb::incr, .key = "word", .number = 1}, shown(errc::not_a_number)},
        {{.op = verb::decr, .key = "word", .number = 2}, shown(errc::not_a_number)},
        {{.op = verb::get, .key = "word"}, "hit five f0"}});
}

TEST_CASE_METHOD(in_every_style, "values have any bytes and sizes", "[styles]") {
  INFO(name());
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& value : {std::string(), all, std::string("\r\nEND\r\n"), std::string(4096, 'a'),
                                   std::string(16 * 1024, 'b'), std::string(900 * 1000, 'c')}) {
    CHECK(say({.op = verb::set, .key = "v", .value = value}) == "stored");
    const auto [ec, got] = mc().one({.op = verb::get, .key = "v"});
    CHECK(got.value == value);
  }
}

TEST_CASE_METHOD(in_every_style, "a value too large is refused, by us or by the server", "[styles]") {
  INFO(name());
  const std::string servers(1024 * 1024, 'v'), ours(1024 * 1024 + 1, 'v');
  play({{{.op = verb::set, .key = "k", .value = "small"}, "stored"},
        {{.op = verb::add, .key = "large", .value = ours}, shown(errc::value_too_large)},
        {{.op = verb::get, .key = "k"}, "hit small f0"},
        {{.op = verb::add, .key = "large", .value = servers}, shown(errc::value_too_large)},
        {{.op = verb::get, .key = "large"}, "miss"},
        {{.op = verb::get, .key = "k"}, "hit small f0"}});
}

TEST_CASE_METHOD(in_every_style, "keys may be words of the protocol, and long", "[styles]") {
  INFO(name());
  const std::string longest(250 - prefix_size, 'k');
  for (const std::string& key : {std::string("noreply"), std::string("get"), std::string("0"), std::string("END"),
                                 std::string("\xc3\xa9\xff"), longest})
    play({{{.op = verb::set, .key = key, .value = key}, "stored"},
          {{.op = verb::get, .key = key}, "hit " + key + " f0"},
          {{.op = verb::touch, .key = key, .exptime = 10}, "touched"},
          {{.op = verb::delete_, .key = key}, "deleted"},
          {{.op = verb::delete_, .key = key}, "not_found"}});
  play({{{.op = verb::get, .key = longest + "k"}, shown(errc::key_too_long)},
        {{.op = verb::set, .key = "a b", .value = ""}, shown(errc::key_bad_character)},
        {{.op = verb::delete_, .key = ""}, shown(errc::key_empty)},
        {{.op = verb::incr, .key = "k\r\nflush_all", .number = 1}, shown(errc::key_bad_character)}});
}

TEST_CASE_METHOD(in_every_style, "what has expired is gone", "[styles]") {
  INFO(name());
  play({{{.op = verb::set, .key = "gone", .value = "v", .exptime = -1}, "stored"},
        {{.op = verb::get, .key = "gone"}, "miss"},
        // Beyond what memcached can count: clamped, not lost.
        {{.op = verb::set, .key = "far", .value = "v", .exptime = 5'000'000'000}, "stored"},
        {{.op = verb::get, .key = "far"}, "hit v f0"},
        {{.op = verb::touch, .key = "far", .exptime = -1}, "touched"},
        {{.op = verb::get, .key = "far"}, "miss"}});
}

TEST_CASE_METHOD(in_every_style, "noreply is obeyed in order", "[styles]") {
  INFO(name());
  play({{{.op = verb::set, .key = "q", .value = "quiet", .noreply = true}, "stored"},
        {{.op = verb::get, .key = "q"}, "hit quiet f0"},
        {{.op = verb::delete_, .key = "q", .noreply = true}, "deleted"},
        {{.op = verb::get, .key = "q"}, "miss"}});
}

TEST_CASE("the key noreply needs no prefix to be safe", "[styles]") {
  blocking_client bare({shared_server(transport::tcp).address()},
                       {.protocol = GENERATE(wire_protocol::automatic, wire_protocol::text, wire_protocol::meta)});
  bare.set("noreply", "v");
  CHECK(bare.delete_("noreply").status == status::deleted);
  CHECK(bare.delete_("noreply").status == status::not_found);
}

TEST_CASE("an exception of a blocking call says which server, or which key", "[styles]") {
  blocking_client mc({shared_server(transport::tcp).address()}, {.max_value_length = 1000});
  CHECK(mc.set("k", std::string(1000, 'v')).status == status::stored);
  CHECK_THROWS_WITH(mc.set("k", std::string(1001, 'v')), Catch::Contains("'k'") && Catch::Contains("too large"));
  CHECK(mc.get("k").value.size() == 1000);
  CHECK_THROWS_WITH(mc.incr("k"), Catch::StartsWith(shared_server(transport::tcp).address()));
}
