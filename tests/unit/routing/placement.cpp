#include "routing/placement.hpp"

#include "routing/decimal.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

using namespace cmemcache;
using namespace cmemcache::routing;

namespace {

node server(std::string host, std::uint16_t port = 11211, std::uint32_t weight = 1) {
  std::string label = host + ':' + std::to_string(port);
  return {std::move(host), port, std::move(label), weight, false};
}

const std::vector<node> three{server("10.0.0.1"), server("10.0.0.2"), server("10.0.0.3", 11212)};
const std::vector<std::string> keys{"foo", "bar", "key1", "a", "\xc3\xa9" "0"};

std::vector<std::size_t> picks(const placement& servers) {
  std::vector<std::size_t> result;
  for (const std::string& key : keys) result.push_back(servers.pick(key));
  return result;
}

using indexes = std::vector<std::size_t>;

}  // namespace

TEST_CASE("modulo and modula divide by the servers", "[routing][placement]") {
  CHECK(picks({three, distribution::modulo, hash_kind::crc}) == indexes{1, 1, 1, 2, 2});
  CHECK(picks({three, distribution::modula, hash_kind::crc}) == indexes{1, 1, 1, 2, 2});
  CHECK(picks({three, distribution::modula, hash_kind::md5}) == indexes{1, 2, 0, 0, 1});
  CHECK(picks({three, distribution::modula, hash_kind::one_at_a_time}) == indexes{0, 1, 2, 0, 1});
}

TEST_CASE("modulo gives a server as many buckets as its weight", "[routing][placement]") {
  const std::vector<node> weighted{server("a", 1, 1), server("b", 1, 3), server("c", 1, 0), server("d", 1, 2)};
  const placement servers(weighted, distribution::modulo, hash_kind::crc);
  indexes buckets;
  for (std::uint64_t hash = 0; hash < 7; ++hash) buckets.push_back(servers.pick_hashed(hash));
  CHECK(buckets == indexes{0, 1, 1, 1, 3, 3, 0});

  const placement unweighted(weighted, distribution::modula, hash_kind::crc);
  for (std::uint64_t hash = 0; hash < 8; ++hash) CHECK(unweighted.pick_hashed(hash) == hash % 4);
}

TEST_CASE("weights may be as large as they like", "[routing][placement]") {
  constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
  const placement servers(std::vector{server("a", 1, most), server("b", 1, most), server("c", 1, 1)},
                          distribution::modulo, hash_kind::crc);
  CHECK(servers.pick_hashed(most - 1ULL) == 0);
  CHECK(servers.pick_hashed(most) == 1);
  CHECK(servers.pick_hashed(2ULL * most - 1) == 1);
  CHECK(servers.pick_hashed(2ULL * most) == 2);
  CHECK(servers.pick_hashed(2ULL * most + 1) == 0);

  const placement one_weight(std::vector{server("a", 1, 7), server("b", 1, 7)}, distribution::modulo, hash_kind::crc);
  CHECK(one_weight.pick_hashed(6) == 0);
  CHECK(one_weight.pick_hashed(7) == 1);
}

TEST_CASE("servers without any weight are no servers to modulo", "[routing][placement]") {
  const std::vector<node> weightless{server("a", 1, 0), server("b", 1, 0)};
  const placement nobody(weightless, distribution::modulo, hash_kind::crc);
  CHECK(nobody.size() == 2);
  CHECK(nobody.pick("foo") == placement::none);
  CHECK(nobody.pick_hashed(7) == placement::none);
  CHECK(placement(std::vector{server("a", 1, 0)}, distribution::modulo, hash_kind::crc).pick("foo") == placement::none);
  CHECK(placement(weightless, distribution::modula, hash_kind::crc).pick("foo") < 2);
  CHECK(placement(weightless, distribution::ketama, hash_kind::md5).pick("foo") < 2);
  CHECK(placement(weightless, distribution::ketama_weighted, hash_kind::md5).pick("foo") < 2);
}

TEST_CASE("rings place as libmemcached's do", "[routing][placement]") {
  CHECK(picks({three, distribution::ketama, hash_kind::one_at_a_time}) == indexes{1, 0, 0, 0, 1});
  CHECK(picks({three, distribution::ketama, hash_kind::md5}) == indexes{2, 1, 0, 1, 1});
  CHECK(picks({three, distribution::ketama_weighted, hash_kind::md5}) == indexes{1, 1, 2, 1, 1});
  CHECK(picks({three, distribution::ketama_weighted, hash_kind::crc}) == indexes{1, 1, 2, 1, 1});
}

TEST_CASE("a weight makes a ring's points weighted and leaves its key hash", "[routing][placement]") {
  std::vector<node> weighted = three;
  weighted[1].weight = 3;
  weighted[2].weight = 2;
  const placement by_jenkins(weighted, distribution::ketama, hash_kind::one_at_a_time);
  const placement by_md5(weighted, distribution::ketama, hash_kind::md5);
  const placement as_such(weighted, distribution::ketama_weighted, hash_kind::crc);

  CHECK(by_jenkins.hash("foo") == 596015325U);
  CHECK(as_such.hash("foo") == 3675831724U);
  for (std::uint64_t hash = 0; hash < 1ULL << 32; hash += 0x00fedcba) {
    CHECK(by_jenkins.pick_hashed(hash) == as_such.pick_hashed(hash));
    CHECK(by_md5.pick_hashed(hash) == as_such.pick_hashed(hash));
  }
}

TEST_CASE("a ring's points are shared out by weight", "[routing][placement]") {
  const auto points = [](const ring& made) {
    std::map<std::size_t, std::size_t> result;
    for (const ring::point& point : made.points()) ++result[point.server];
    return result;
  };
  using counts = std::map<std::size_t, std::size_t>;
  std::vector<node> weighted = three;
  CHECK(points(ring::even(weighted, hash_kind::crc)) == counts{{0, 100}, {1, 100}, {2, 100}});
  CHECK(points(ring::weighted(weighted)) == counts{{0, 160}, {1, 160}, {2, 160}});
  weighted[1].weight = 3;
  weighted[2].weight = 2;
  CHECK(points(ring::weighted(weighted)) == counts{{0, 80}, {1, 240}, {2, 160}});
  weighted[1].weight = 1000;
  CHECK(points(ring::weighted(weighted)) == counts{{1, 476}});
}

TEST_CASE("a ring goes round", "[routing][placement]") {
  const ring made = ring::even(three, hash_kind::md5);
  const auto points = made.points();
  CHECK(made.place_of(0) == 0);
  CHECK(made.place_of(points[7].value) == 7);
  CHECK(made.place_of(points[7].value + 1) == 8);
  CHECK(made.place_of(points.back().value) == points.size() - 1);
  CHECK(made.place_of(points.back().value + 1) == 0);
}

TEST_CASE("a Unix socket is a server of port 0 to a ring", "[routing][placement]") {
  const std::vector<node> sockets{{"/run/a", 11211, "/run/a", 1, true}, {"/run/b", 4, "/run/b", 1, true}};
  const std::vector<node> ports{server("/run/a", 0), server("/run/b", 0)};
  const ring of_sockets = ring::even(sockets, hash_kind::md5);
  const ring of_ports = ring::even(ports, hash_kind::md5);
  CHECK(std::ranges::equal(of_sockets.points(), of_ports.points()));
}

TEST_CASE("a ring is made from aliases where there are some", "[routing][placement]") {
  std::vector<node> named = three;
  for (node& n : named) n.alias = std::exchange(n.host, "10.9.9.9");
  named[2].alias += ":11212";
  CHECK(std::ranges::equal(ring::even(named, hash_kind::md5).points(), ring::even(three, hash_kind::md5).points()));
  CHECK(std::ranges::equal(ring::weighted(named).points(), ring::weighted(three).points()));
}

TEST_CASE("rendezvous places as pymemcache does", "[routing][placement]") {
  const std::vector<node> nodes{server("10.0.0.1"), server("10.0.0.2"), server("10.0.0.3")};
  for (const hash_kind ignored : {hash_kind::crc, hash_kind::md5, hash_kind::murmur3}) {
    const placement servers(nodes, distribution::rendezvous, ignored);
    CHECK(servers.pick("foo") == 2);
    CHECK(servers.pick("bar") == 1);
    CHECK(servers.pick("key1") == 0);
    CHECK(servers.hash("abcd") == 1139631978U);
    CHECK(servers.pick_hashed(18446744073709551615ULL) == servers.pick("18446744073709551615"));
  }
}

TEST_CASE("picking goes by the hash", "[routing][placement]") {
  for (const distribution kind :
       {distribution::modulo, distribution::modula, distribution::ketama, distribution::ketama_weighted})
    for (const hash_kind hash : {hash_kind::crc, hash_kind::crc32, hash_kind::md5, hash_kind::murmur}) {
      const placement servers(three, kind, hash);
      for (const std::string& key : keys) CHECK(servers.pick_hashed(servers.hash(key)) == servers.pick(key));
    }
  // 2^32 + 1 and 1 are the same to a ring, not to a division by 3.
  CHECK(placement(three, distribution::modulo, hash_kind::crc).pick_hashed((1ULL << 32) + 1) == 2);
  CHECK(placement(three, distribution::modula, hash_kind::crc).pick_hashed((1ULL << 32) + 1) == 2);
  const placement on_ring(three, distribution::ketama, hash_kind::md5);
  CHECK(on_ring.pick_hashed((1ULL << 32) + 1) == on_ring.pick_hashed(1));
}

TEST_CASE("no server, one server, and every number of them", "[routing][placement]") {
  CHECK(placement().size() == 0);
  CHECK(placement().pick("foo") == placement::none);
  CHECK(placement().pick_hashed(7) == placement::none);
  for (const distribution kind : {distribution::modulo, distribution::modula, distribution::ketama,
                                  distribution::ketama_weighted, distribution::rendezvous}) {
    std::vector<node> nodes;
    CHECK(placement(nodes, kind, hash_kind::crc).pick("foo") == placement::none);
    nodes.push_back(server("only"));
    CHECK(placement(nodes, kind, hash_kind::crc).pick("foo") == 0);
    CHECK(placement(nodes, kind, hash_kind::crc).pick_hashed(7) == 0);
    for (std::size_t count = 2; count < 8; ++count) {
      nodes.push_back(server("other-" + std::to_string(count)));
      const placement servers(nodes, kind, hash_kind::md5);
      const placement copy = servers;
      REQUIRE(servers.size() == count);
      for (int i = 0; i < 200; ++i) {
        const std::string key = "key" + std::to_string(i);
        REQUIRE(servers.pick(key) < count);
        REQUIRE(copy.pick(key) == servers.pick(key));
      }
    }
  }
}

TEST_CASE("numbers are written one behind the other", "[routing][placement]") {
  decimal digits(std::numeric_limits<std::uint64_t>::max());
  digits.append(9);
  CHECK(digits.text() == "184467440737095516159");
  CHECK(decimal(0).text() == "0");
}
