// Calls about many keys and about servers against a real memcached, in every calling style.

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "support/in_every_style.hpp"

using namespace cmemcache;
using namespace cmemcache::test;

using answers = std::vector<std::string>;

TEST_CASE_METHOD(in_every_style, "many keys have an answer each, in their order", "[styles]") {
  INFO(name());
  const std::string large(5000, 'l');
  const std::pair<std::string_view, std::string_view> pairs[] = {{"a", "1"}, {"b", ""}, {"c", large}};
  const auto [stored_ec, stored] = mc().set_multi(pairs, 60, 3);
  CHECK_FALSE(stored_ec);
  CHECK(shown(stored) == answers{"stored", "stored", "stored"});

  const std::vector<std::string_view> keys{"c", "none", "a", "b", "a"};
  const auto [got_ec, got] = mc().get_multi(keys);
  CHECK_FALSE(got_ec);
  CHECK(shown(got) == answers{"hit " + large + " f3", "miss", "hit 1 f3", "hit  f3", "hit 1 f3"});

  const std::vector<request> touches{{.op = verb::touch, .key = "none", .exptime = 60},
                                     {.op = verb::touch, .key = "a"}};
  const auto [touched_ec, touched] = mc().execute_multi(touches);
  CHECK_FALSE(touched_ec);
  CHECK(shown(touched) == answers{"not_found", "touched"});

  const auto [deleted_ec, deleted] = mc().delete_multi(std::vector<std::string_view>{"none", "a", "b"});
  CHECK_FALSE(deleted_ec);
  CHECK(shown(deleted) == answers{"not_found", "deleted", "deleted"});

  const auto [nothing_ec, nothing] = mc().get_multi({});
  CHECK_FALSE(nothing_ec);
  CHECK(nothing.size() == 0);
}

TEST_CASE_METHOD(in_every_style, "of many keys the bad ones alone are refused", "[styles]") {
  INFO(name());
  REQUIRE(say({.op = verb::set, .key = "good", .value = "v"}) == "stored");
  const auto [ec, got] = mc().get_multi(std::vector<std::string_view>{"good", "bad key", "good", ""});
  CHECK(ec == errc::key_bad_character);
  if (throws()) return;
  CHECK(shown(got) == answers{"hit v f0", "unanswered", "hit v f0", "unanswered"});
  REQUIRE(got.failures().size() == 2);
  CHECK(got.failures()[1].code == errc::key_empty);
}

TEST_CASE_METHOD(in_every_style, "all servers are asked", "[styles]") {
  INFO(name());
  const auto [version_ec, version] = mc().version();
  CHECK_FALSE(version_ec);
  CHECK(version.at(0).server == address());
  CHECK(version.at(0).values.at(0).second.starts_with("1."));

  const auto figures = [&](std::string_view sort) {
    const auto [ec, got] = mc().stats(sort);
    CHECK_FALSE(ec);
    return got.at(0).values.size();
  };
  CHECK(figures("") > 20);
  CHECK(figures("settings") > 0);
  CHECK(figures("detail on") == 0);
  // What these two tell depends on what the server counts and has moved meanwhile: perhaps nothing, never an error.
  figures("detail dump");
  if (!is_binary()) figures("cachedump 1 0");
  const auto [bad_ec, bad] = mc().stats("items\r\nflush_all");
  CHECK(bad_ec == errc::bad_argument);
  CHECK(bad.empty());

  REQUIRE(say({.op = verb::set, .key = "k", .value = "v"}) == "stored");
  CHECK_FALSE(std::get<0>(mc().flush_all(1000)));
  CHECK(say({.op = verb::get, .key = "k"}) == "hit v f0");
  CHECK_FALSE(std::get<0>(mc().flush_all(0)));
  CHECK(say({.op = verb::get, .key = "k"}) == "miss");
}

TEST_CASE_METHOD(in_every_style, "a server is down", "[styles]") {
  INFO(name());
  const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
  const auto refused = boost::system::errc::connection_refused;
  open({nobody});
  play({{{.op = verb::set, .key = "k", .value = "v"}, shown(make_error_code(refused))},
        {{.op = verb::get, .key = "k"}, shown(errc::no_server)}});  // it is left alone now

  open({address(), nobody}, {.failover = false});
  std::vector<std::string> keys;
  for (int i = 0; i < 20; ++i) keys.push_back("key" + std::to_string(i));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const auto [ec, got] = mc().get_multi(views);
  CHECK(ec == refused);
  const auto [version_ec, version] = mc().version();
  CHECK(version_ec == errc::no_server);
  CHECK(std::get<0>(mc().flush_all(1000)) == errc::no_server);
  if (throws()) return;
  CHECK(version.size() == 1);
  const auto missed = std::ranges::count(got, status::miss, &item::status);
  CHECK((missed > 2 && missed < 18));
  CHECK(missed + std::ranges::count(got, status::unanswered, &item::status) == 20);
  REQUIRE(got.failures().size() == 1);
  CHECK(got.failures()[0].server == nobody);
  CHECK(got.failures()[0].text.find("get") != std::string::npos);
}
