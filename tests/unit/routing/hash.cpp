#include "routing/hash.hpp"

#include "routing/md5.hpp"
#include "routing/murmur.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <thread>
#include <vector>

using namespace cmemcache;
using namespace cmemcache::routing;

namespace {

struct golden {
  const char* key;
  // In the order of hash_kind.
  std::array<std::uint32_t, 8> hashes;
};

// What python-memcached (crc), zlib (crc32), hashlib (md5), pymemcache (murmur3) and libhashkit 1.1.4 (the others, and
// crc and md5 once more) compute. "\xc3\xa9" is an e with an acute accent: its bytes are where signed chars tell.
const std::vector<golden> known{
    {"foo", {3187, 2356372769, 3675831724, 596015325, 1083137555, 2851307223, 4138058784, 3303027599}},
    {"bar", {30463, 1996459178, 421377335, 2151715081, 513390112, 1991736602, 1158584717, 516654467}},
    {"key1", {11356, 744252496, 2497097154, 3203718188, 2215982743, 927623783, 2610364709, 1050118838}},
    {"a", {26807, 3904355907, 3111502092, 3392050242, 84696446, 3826002220, 1009084850, 1262581116}},
    {"ab", {7811, 2659403885, 1140096536, 1172708952, 1886858552, 1294271946, 2613040991, 3820310011}},
    {"abcd", {28034, 3984772369, 1282538722, 3448463878, 3118363509, 3459545533, 1139631978, 4016735919}},
    {"\xc3\xa9" "0",
     {13748, 901039623, 3378489589, 3455865199, 1505614711, 4013110115, 1041941627, 2705626666}},
    {"\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87",
     {3247, 212833818, 1719363011, 4224321546, 833875961, 2950043617, 2589532226, 2596721327}},
    {"user:1001:profile",
     {5804, 380407354, 1587296225, 1330336011, 1058063489, 3262940497, 3894479027, 2430649252}},
};

const std::array<hash_kind, 8> kinds{hash_kind::crc,           hash_kind::crc32,   hash_kind::md5,
                                     hash_kind::one_at_a_time, hash_kind::fnv1_32, hash_kind::fnv1a_32,
                                     hash_kind::murmur3,       hash_kind::murmur};

}  // namespace

TEST_CASE("a key hashes as in the library its hash comes from", "[routing][hash]") {
  for (const golden& expected : known)
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      INFO(to_string(kinds[i]) << " of \"" << expected.key << '"');
      CHECK(hash_key(kinds[i], expected.key) == expected.hashes[i]);
    }
}

TEST_CASE("the hashes of an empty key", "[routing][hash]") {
  CHECK(hash_key(hash_kind::crc, {}) == 0);
  CHECK(hash_key(hash_kind::crc32, {}) == 0);
  CHECK(hash_key(hash_kind::md5, {}) == 0xd98c1dd4);
  CHECK(hash_key(hash_kind::one_at_a_time, {}) == 0);
  CHECK(hash_key(hash_kind::fnv1_32, {}) == 2166136261U);
  CHECK(hash_key(hash_kind::fnv1a_32, {}) == 2166136261U);
  CHECK(hash_key(hash_kind::murmur3, {}) == 0);
  CHECK(hash_key(hash_kind::murmur, {}) == 0);
}

TEST_CASE("murmur3 is the same however its text is cut", "[routing][hash]") {
  const std::string text = "10.0.0.1:11211-k\xc3\xa9y";
  for (std::size_t first = 0; first <= text.size(); ++first)
    for (std::size_t second = first; second <= text.size(); ++second) {
      murmur3_state state;
      state.update(text.substr(0, first));
      state.update(text.substr(first, second - first));
      state.update(text.substr(second));
      REQUIRE(state.finish() == murmur3(text));
    }
}

TEST_CASE("md5 gives all four words, again and again, on any thread", "[routing][hash]") {
  require_md5();
  const md5_words abc{0x98500190, 0xb04fd23c, 0x7d3f96d6, 0x727fe128};  // RFC 1321, A.5
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (int& count : wrong)
    threads.emplace_back([&count, &abc] {
      for (int i = 0; i < 1000; ++i) {
        count += md5("abc") != abc;
        count += md5(std::string(200, 'x')) == abc;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4));
}
