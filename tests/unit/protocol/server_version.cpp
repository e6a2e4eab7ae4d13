#include "protocol/server_version.hpp"

#include <catch2/catch.hpp>

using namespace cmemcache::protocol;

TEST_CASE("version texts are read", "[server_version]") {
  CHECK(parse_server_version("1.6.18") == server_version{1, 6, 18});
  CHECK(parse_server_version("1.6.45") == server_version{1, 6, 45});
  CHECK(parse_server_version("1.4.25-beta1") == server_version{1, 4, 25});
  CHECK(parse_server_version("1.6.21_fips") == server_version{1, 6, 21});
  CHECK(parse_server_version("1.6.9_SOMETHING 3") == server_version{1, 6, 9});
  CHECK(parse_server_version("2.0") == server_version{2, 0, 0});
}

TEST_CASE("anything else is version 0", "[server_version]") {
  for (const char* text : {"", "1", "1.", "1.6.", "x", "mcrouter 37.0.0", "-1.6.18", "1.-6.18", "1..18", " 1.6.18",
                           "99999999999.0.0", "1.6.99999999999"})
    CHECK(parse_server_version(text) == server_version{});
}

TEST_CASE("a part of a text is read no further than it goes", "[server_version]") {
  CHECK(parse_server_version(std::string_view("1.6.18", 5)) == server_version{1, 6, 1});
  CHECK(parse_server_version({}) == server_version{});
}

TEST_CASE("the meta commands came usable with 1.6.10", "[server_version]") {
  CHECK_FALSE(server_version{}.has_meta());
  CHECK_FALSE((server_version{1, 5, 22}.has_meta()));
  CHECK_FALSE((server_version{1, 6, 9}.has_meta()));
  CHECK((server_version{1, 6, 10}.has_meta()));
  CHECK((server_version{1, 7, 0}.has_meta()));
  CHECK((server_version{2, 0, 0}.has_meta()));
}
