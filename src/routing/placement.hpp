#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "routing/hash.hpp"
#include "routing/node.hpp"
#include "routing/rendezvous.hpp"
#include "routing/ring.hpp"

#include <cmemcache/distribution.hpp>

namespace cmemcache::routing {

/// Which server a key belongs to: a list of servers, a distribution and a hash, made ready for asking.
///
/// Answers are indexes into the list it was made from; a new list is a new placement. It knows nothing of servers that
/// are dead: who does takes a key's candidates in turn until one will do (see placement_chain in routing/chain.hpp).
///
/// A value, and immutable once made: every const member is safe from several threads. Picking never allocates, except
/// for MD5 on a thread's first key (see routing/md5.hpp).
class placement {
 public:
  /// No server.
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  /// Of no servers: every pick is `none`.
  placement() = default;

  /// Throws std::runtime_error where MD5 is needed and OpenSSL has none.
  placement(std::span<const node> nodes, distribution kind, hash_kind hash);

  /// How many servers there are; all picks but `none` are below it.
  std::size_t size() const noexcept { return size_; }

  /// The number that pick() goes by, except for rendezvous, which has none: there it is the key's murmur3.
  std::uint32_t hash(std::string_view key) const noexcept { return hash_key(hash_, key); }

  /// The server of a key, when none is dead. With one server, or none, the key is not looked at.
  std::size_t pick(std::string_view key) const noexcept {
    if (settled_) return only_;
    return kind_ == distribution::rendezvous ? scores_.best(key).server : locate(hash(key));
  }

  /// The server of a key that comes with its own hash, python-memcached's `(hash, key)`.
  ///
  /// For modulo and modula all 64 bits count. Python's ints know no bounds; one that is larger, or negative, cannot be
  /// cut down and still be treated as python-memcached treats it, since the first choice takes its remainder and the
  /// failover chain its decimal digits. A ring takes the lower 32 bits. Rendezvous has no use for a number: there
  /// the decimal digits take the key's place.
  std::size_t pick_hashed(std::uint64_t hash) const noexcept;

 private:
  friend class placement_chain;

  /// The first choice for a hash; neither settled nor rendezvous.
  std::size_t locate(std::uint64_t hash) const noexcept {
    return kind_ == distribution::modulo || kind_ == distribution::modula
               ? bucket_owner(hash)
               : ring_.points()[ring_.place_of(static_cast<std::uint32_t>(hash))].server;
  }

  std::size_t bucket_owner(std::uint64_t hash) const noexcept {
    // A division of 32 bits is several times faster on older processors, and nearly always enough.
    const std::uint64_t bucket = ((hash | buckets_) >> 32) == 0
                                     ? static_cast<std::uint32_t>(hash) % static_cast<std::uint32_t>(buckets_)
                                     : hash % buckets_;
    return bucket_ends_.empty() ? static_cast<std::size_t>(bucket) : weighted_owner(bucket);
  }

  std::size_t weighted_owner(std::uint64_t bucket) const noexcept;

  distribution kind_ = distribution::modulo;
  hash_kind hash_ = hash_kind::crc;
  bool settled_ = true;       // every key has the same answer, only_
  std::size_t only_ = none;
  std::size_t size_ = 0;
  std::uint64_t buckets_ = 0;                 // modulo, modula: what the hash is divided by
  std::vector<std::uint64_t> bucket_ends_;    // modulo, unequal weights: bucket b is the first server's with b < end
  ring ring_;                                 // ketama, ketama_weighted
  rendezvous scores_;                         // rendezvous
};

}  // namespace cmemcache::routing
