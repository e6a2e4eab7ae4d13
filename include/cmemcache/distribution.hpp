#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cmemcache {

/// How a key is given to one of several servers.
///
/// Clients that share a pool must agree on this *and* on the hash, or they look for each other's keys on the wrong
/// server. The same placement as another library's comes from:
///
/// | library                                        | distribution      | hash            |
/// | ---------------------------------------------- | ----------------- | --------------- |
/// | python-memcached, since 1.60                   | `modulo`          | `crc`           |
/// | python-memcached, `useOldServerHashFunction()` | `modulo`          | `crc32`         |
/// | libmemcached, pylibmc: as they come            | `modula`          | `one_at_a_time` |
/// | libmemcached, pylibmc: another hash set        | `modula`          | that one        |
/// | libmemcached, pylibmc: `ketama`                | `ketama`          | `one_at_a_time`, or the hash set |
/// | libmemcached, pylibmc: `ketama_weighted`       | `ketama_weighted` | (always md5)    |
/// | libmc                                          | `ketama`          | `md5`           |
/// | pymemcache's HashClient                        | `rendezvous`      | (always murmur3)|
enum class distribution : std::uint8_t {
  modulo,           ///< `hash % buckets`; a server has as many buckets as its weight. python-memcached's.
  modula,           ///< `hash % servers`; weights are ignored. libmemcached's default.
  ketama,           ///< ring, 100 points a server, made with the key's hash. A weight over 1 makes the points weighted.
  ketama_weighted,  ///< ring, on average 160 points a server, shared out by weight; points and keys hashed with md5.
  rendezvous,       ///< every server scores the key, the highest score has it; weights are ignored. pymemcache's.
};

/// How a key becomes a number. `ketama_weighted` and `rendezvous` bring their own hash and ignore this choice.
enum class hash_kind : std::uint8_t {
  crc,            ///< 15 bits of the CRC-32: python-memcached's default, libmemcached's "crc"
  crc32,          ///< the whole CRC-32
  md5,            ///< the digest's first four bytes, little-endian
  one_at_a_time,  ///< Bob Jenkins's, over signed bytes: libmemcached's default
  fnv1_32,        ///< FNV-1, over signed bytes as in libmemcached
  fnv1a_32,       ///< FNV-1a, over signed bytes as in libmemcached
  murmur3,        ///< MurmurHash3 x86_32, seed 0: pymemcache's. libhashkit's own "murmur3" has another seed.
  murmur,         ///< MurmurHash2 with a seed made from the length: libmemcached's "murmur"
};

/// The name that `parse_distribution` reads, which is the enumerator's; empty for a value outside the enumeration.
std::string_view to_string(distribution kind) noexcept;

/// The name that `parse_hash_kind` reads, which is the enumerator's; empty for a value outside the enumeration.
std::string_view to_string(hash_kind kind) noexcept;

/// The distribution of that exact name, or nothing.
std::optional<distribution> parse_distribution(std::string_view name) noexcept;

/// The hash of that exact name, or nothing.
std::optional<hash_kind> parse_hash_kind(std::string_view name) noexcept;

}  // namespace cmemcache
