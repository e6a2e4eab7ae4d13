#pragma once

#include <cstdint>
#include <string_view>

namespace cmemcache::routing {

/// MurmurHash3 x86_32 with seed 0, fed piece by piece.
///
/// Rendezvous hashes "{label}-{key}" for every server and every key. A copy of the state after "{label}-" saves
/// putting that text together, and hashing the label again. A value.
class murmur3_state {
 public:
  void update(std::string_view piece) noexcept;

  /// The hash of everything fed so far.
  std::uint32_t finish() const noexcept;

 private:
  void mix(std::uint32_t block) noexcept;

  std::uint32_t hash_ = 0;
  std::uint32_t partial_ = 0;  // the 0..3 bytes after the last whole block, first byte lowest
  std::uint32_t length_ = 0;   // bytes fed; the hash's definition counts them modulo 2^32
};

std::uint32_t murmur3(std::string_view text) noexcept;

/// MurmurHash2 as libhashkit's `murmur` has it: the seed is 0xdeadbeef times the length.
std::uint32_t murmur2(std::string_view text) noexcept;

}  // namespace cmemcache::routing
