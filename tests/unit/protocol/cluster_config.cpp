#include "protocol/cluster_config.hpp"

#include <catch2/catch.hpp>

#include <string>

using cmemcache::protocol::cluster_config;
using cmemcache::protocol::parse_cluster_config;
using node = cluster_config::node;

TEST_CASE("a cluster's configuration is a version and its servers", "[cluster_config]") {
  const std::string text = GENERATE("12\nhost-a|10.0.0.1|11211 host-b||11212 |::1|1\n", "12\r\nhost-a|10.0.0.1|11211  host-b||11212 |::1|1 \r\n",
                                    "12\nhost-a|10.0.0.1|11211 host-b||11212 |::1|1", "12\nhost-a|10.0.0.1|11211 host-b||11212 |::1|1\n\n");
  const auto got = parse_cluster_config(text);
  REQUIRE(got);
  CHECK(got->version == 12);
  CHECK(got->nodes == std::vector<node>{{"host-a", "10.0.0.1", 11211}, {"host-b", "", 11212}, {"", "::1", 1}});
}

TEST_CASE("half a configuration is none", "[cluster_config]") {
  const std::string text = GENERATE(
      as<std::string>{}, "", "12", "12\n", "12\n\n", "\n", "a|b|1\n", "-1\na|b|1", "12 \na|b|1", "18446744073709551616\na|b|1",
      "12\na|b|1\nc|d|1", "12\na|b|1 c", "12\na|b|1 c|d|", "12\na|b|0", "12\na|b|65536", "12\na|b|1x", "12\na|b|-1", "12\n||1",
      "12\na|b|1|2", "12\na|b", "12\na\tb||1", "12\na,b||1", "12\na|b\x7f|1", std::string("12\na|b\0|1", 9));
  INFO(text);
  CHECK_FALSE(parse_cluster_config(text));
}
