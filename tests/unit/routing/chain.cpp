#include "routing/chain.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace cmemcache;
using namespace cmemcache::routing;

namespace {

using indexes = std::vector<std::size_t>;

const std::vector<distribution> distributions{distribution::modulo, distribution::modula, distribution::ketama,
                                              distribution::ketama_weighted, distribution::rendezvous};

std::vector<node> servers(std::vector<std::uint32_t> weights) {
  std::vector<node> result;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::string host = "cache-" + std::to_string(i);
    result.push_back({host, 11211, host + ":11211", weights[i], false});
  }
  return result;
}

// All candidates of a key or a hash; fails where the chain does not end, or does not stay ended.
template <class KeyOrHash>
indexes candidates(const placement& from, KeyOrHash key) {
  placement_chain chain(from, key);
  indexes result;
  for (std::size_t candidate = chain.next(); candidate != placement::none; candidate = chain.next()) {
    result.push_back(candidate);
    REQUIRE(candidate < from.size());
    REQUIRE(result.size() <= std::max<std::size_t>(from.size(), 10));
  }
  CHECK(chain.next() == placement::none);
  return result;
}

std::size_t first_but(const placement& from, const std::string& key, std::size_t dead) {
  placement_chain chain(from, key);
  std::size_t candidate = chain.next();
  while (candidate == dead) candidate = chain.next();
  return candidate;
}

}  // namespace

TEST_CASE("modulo's chain is python-memcached's rehashing", "[routing][chain]") {
  // foo is 3187, "31870" is 29842, "298421" is 32274, and so on. With 2^15 buckets a bucket is its hash.
  const placement wide(servers(std::vector<std::uint32_t>(1 << 15, 1)), distribution::modulo, hash_kind::crc);
  const indexes rehashed = candidates(wide, std::string_view("foo"));
  CHECK(rehashed == indexes{3187, 29842, 32274, 24630, 16170, 18372, 6092, 4376, 24728, 22879});
  CHECK(candidates(wide, std::uint64_t{3187}) == rehashed);

  const placement three(servers({1, 1, 1}), distribution::modulo, hash_kind::crc);
  const placement weighted(servers({1, 3, 2}), distribution::modulo, hash_kind::crc);
  const indexes owners{0, 1, 1, 1, 2, 2};
  indexes in_three, in_weighted;
  for (const std::size_t hash : rehashed) {
    in_three.push_back(hash % 3);
    in_weighted.push_back(owners[hash % 6]);
  }
  CHECK(candidates(three, std::string_view("foo")) == in_three);
  CHECK(candidates(weighted, std::string_view("foo")) == in_weighted);
}

TEST_CASE("modulo's chain rehashes with the hash that was set", "[routing][chain]") {
  const placement three(servers({1, 1, 1}), distribution::modulo, hash_kind::crc32);
  const indexes got = candidates(three, std::string_view("foo"));
  REQUIRE(got.size() == 10);
  std::uint32_t hash = hash_key(hash_kind::crc32, "foo");
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(got[i] == hash % 3);
    hash = hash_key(hash_kind::crc32, std::to_string(hash) + std::to_string(i));
  }
}

TEST_CASE("modulo's chain takes all digits of a caller's own hash", "[routing][chain]") {
  constexpr std::uint64_t own = 18446744073709551615ULL;
  const placement three(servers({1, 1, 1}), distribution::modulo, hash_kind::crc);
  const indexes got = candidates(three, own);
  REQUIRE(got.size() == 10);
  CHECK(got[0] == own % 3);
  CHECK(got[1] == hash_key(hash_kind::crc, "184467440737095516150") % 3);
}

TEST_CASE("modula's chain goes down the list and round", "[routing][chain]") {
  const placement from(servers({1, 1, 1, 1}), distribution::modula, hash_kind::crc);
  CHECK(candidates(from, std::uint64_t{2}) == indexes{2, 3, 0, 1});
  CHECK(candidates(from, std::uint64_t{7}) == indexes{3, 0, 1, 2});
}

TEST_CASE("a ring's chain meets its servers in the order of their points", "[routing][chain]") {
  const std::vector<node> nodes = servers({1, 1, 1, 1, 1});
  const ring made = ring::even(nodes, hash_kind::md5);
  const placement from(nodes, distribution::ketama, hash_kind::md5);
  for (std::uint64_t hash = 0; hash < 1ULL << 32; hash += 0x01234567) {
    indexes expected;
    const std::size_t start = made.place_of(static_cast<std::uint32_t>(hash));
    for (std::size_t i = 0; i < made.points().size(); ++i) {
      const std::size_t owner = made.points()[(start + i) % made.points().size()].server;
      if (std::ranges::find(expected, owner) == expected.end()) expected.push_back(owner);
    }
    REQUIRE(candidates(from, hash) == expected);
  }
}

TEST_CASE("a ring's chain ends though a server has no points", "[routing][chain]") {
  const placement from(servers({1, 1000, 1000}), distribution::ketama_weighted, hash_kind::md5);
  const indexes got = candidates(from, std::string_view("foo"));
  CHECK(got.size() == 2);
  CHECK(std::ranges::find(got, 0U) == got.end());
}

TEST_CASE("a ring's chain knows more servers than a word has bits", "[routing][chain]") {
  const placement from(servers(std::vector<std::uint32_t>(150, 1)), distribution::ketama, hash_kind::one_at_a_time);
  indexes got = candidates(from, std::string_view("foo"));
  std::ranges::sort(got);
  CHECK(got.size() == 150);
  CHECK(std::ranges::adjacent_find(got) == got.end());
}

TEST_CASE("rendezvous keeps servers of one label apart", "[routing][chain]") {
  std::vector<node> nodes = servers({1, 1, 1});
  nodes[1].label = nodes[0].label;
  const placement from(nodes, distribution::rendezvous, hash_kind::crc);
  for (int i = 0; i < 50; ++i) {
    indexes got = candidates(from, static_cast<std::uint64_t>(i));
    CHECK(std::ranges::find(got, 0U) < std::ranges::find(got, 1U));
    std::ranges::sort(got);
    CHECK(got == indexes{0, 1, 2});
  }
}

TEST_CASE("every chain begins with the pick, stays in range and ends", "[routing][chain]") {
  for (const distribution kind : distributions)
    for (const std::size_t count : {0U, 1U, 2U, 5U})
      for (const std::uint32_t weight : {0U, 1U, 3U}) {
        std::vector<std::uint32_t> weights(count, 1);
        if (count != 0) weights.back() = weight;
        const placement from(servers(weights), kind, hash_kind::crc);
        CAPTURE(to_string(kind), count, weight);
        const bool modulo = kind == distribution::modulo;
        const std::size_t expected = modulo && count > 1 ? 10 : modulo && weight == 0 ? 0 : count;
        for (int i = 0; i < 100; ++i) {
          const std::string key = "key" + std::to_string(i);
          const indexes by_key = candidates(from, std::string_view(key));
          const std::uint64_t hash = std::uint64_t{0x9e3779b97f4a7c15} * static_cast<std::uint64_t>(i);
          const indexes by_hash = candidates(from, hash);
          REQUIRE(by_key.size() == expected);
          REQUIRE(by_hash.size() == by_key.size());
          if (expected == 0) continue;
          REQUIRE(by_key.front() == from.pick(key));
          REQUIRE(by_hash.front() == from.pick_hashed(hash));
          if (modulo) continue;
          indexes sorted = by_key;
          std::ranges::sort(sorted);
          REQUIRE(std::ranges::adjacent_find(sorted) == sorted.end());
        }
      }
}

TEST_CASE("a dead server moves only its own keys, to where they are without it", "[routing][chain]") {
  struct configuration {
    distribution kind;
    hash_kind hash;
  };
  for (const auto& [kind, hash] : {configuration{distribution::ketama, hash_kind::one_at_a_time},
                                   configuration{distribution::ketama, hash_kind::md5},
                                   configuration{distribution::ketama_weighted, hash_kind::md5},
                                   configuration{distribution::rendezvous, hash_kind::murmur3}}) {
    const std::vector<node> nodes = servers({1, 1, 1, 1, 1});
    const placement whole(nodes, kind, hash);
    for (std::size_t dead = 0; dead < nodes.size(); ++dead) {
      std::vector<node> left = nodes;
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(dead));
      const placement without(left, kind, hash);
      std::size_t moved = 0;
      for (int i = 0; i < 1000; ++i) {
        const std::string key = "key" + std::to_string(i);
        const std::size_t before = whole.pick(key);
        const std::size_t after = first_but(whole, key, dead);
        const std::size_t remade = without.pick(key);
        REQUIRE(after == (remade < dead ? remade : remade + 1));
        if (before != dead) REQUIRE(after == before);
        moved += before != after;
      }
      CHECK(moved > 100);
      CHECK(moved < 350);
    }
  }
}
