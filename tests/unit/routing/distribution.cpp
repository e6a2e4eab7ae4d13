#include <cmemcache/distribution.hpp>

#include <catch2/catch.hpp>

using namespace cmemcache;

TEST_CASE("distributions and hashes have names", "[routing]") {
  for (const char* name : {"modulo", "modula", "ketama", "ketama_weighted", "rendezvous"}) {
    INFO(name);
    REQUIRE(parse_distribution(name));
    CHECK(to_string(*parse_distribution(name)) == name);
  }
  for (const char* name : {"crc", "crc32", "md5", "one_at_a_time", "fnv1_32", "fnv1a_32", "murmur3", "murmur"}) {
    INFO(name);
    REQUIRE(parse_hash_kind(name));
    CHECK(to_string(*parse_hash_kind(name)) == name);
  }
  CHECK(parse_distribution("ketama_weighted") == distribution::ketama_weighted);
  CHECK(parse_hash_kind("one_at_a_time") == hash_kind::one_at_a_time);
  for (const char* name : {"", "Modulo", "modulo ", "crc64", "ketama\n"}) {
    CHECK_FALSE(parse_distribution(name));
    CHECK_FALSE(parse_hash_kind(name));
  }
  CHECK(to_string(static_cast<distribution>(200)).empty());
  CHECK(to_string(static_cast<hash_kind>(200)).empty());
}
