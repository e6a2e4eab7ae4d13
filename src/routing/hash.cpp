#include "routing/hash.hpp"

#include <zlib.h>

#include "routing/md5.hpp"
#include "routing/murmur.hpp"

namespace cmemcache::routing {
namespace {

// libmemcached's hashes read `char`, which has a sign on the machines they grew up on: a byte of 0x80 or more reaches
// the arithmetic as 0xffffff80 and up. Said explicitly, so that it is the same where `char` has none.
std::uint32_t sign_extended(char c) noexcept { return static_cast<std::uint32_t>(static_cast<signed char>(c)); }

std::uint32_t one_at_a_time(std::string_view key) noexcept {
  std::uint32_t h = 0;
  for (const char c : key) {
    h += sign_extended(c);
    h += h << 10;
    h ^= h >> 6;
  }
  h += h << 3;
  h ^= h >> 11;
  h += h << 15;
  return h;
}

std::uint32_t zlib_crc32(std::string_view key) noexcept {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const unsigned char*>(key.data()), key.size()));
}

constexpr std::uint32_t fnv_offset = 2166136261U;
constexpr std::uint32_t fnv_prime = 16777619U;

std::uint32_t fnv1(std::string_view key) noexcept {
  std::uint32_t h = fnv_offset;
  for (const char c : key) h = h * fnv_prime ^ sign_extended(c);
  return h;
}

std::uint32_t fnv1a(std::string_view key) noexcept {
  std::uint32_t h = fnv_offset;
  for (const char c : key) h = (h ^ sign_extended(c)) * fnv_prime;
  return h;
}

}  // namespace

std::uint32_t hash_key(hash_kind kind, std::string_view key) noexcept {
  switch (kind) {
    case hash_kind::crc: return zlib_crc32(key) >> 16 & 0x7fffU;
    case hash_kind::crc32: return zlib_crc32(key);
    case hash_kind::md5: return md5(key)[0];
    case hash_kind::one_at_a_time: return one_at_a_time(key);
    case hash_kind::fnv1_32: return fnv1(key);
    case hash_kind::fnv1a_32: return fnv1a(key);
    case hash_kind::murmur3: return murmur3(key);
    case hash_kind::murmur: return murmur2(key);
  }
  return 0;
}

}  // namespace cmemcache::routing
