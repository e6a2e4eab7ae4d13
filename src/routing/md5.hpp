#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace cmemcache::routing {

/// An MD5 digest as four little-endian words: what rings take their points from. The first word is the key's hash.
using md5_words = std::array<std::uint32_t, 4>;

/// The digest of `text`. Safe from several threads; the first call on a thread allocates, later ones do not.
/// Ends the process where MD5 cannot be had at all: call require_md5() once beforehand, where throwing is possible.
md5_words md5(std::string_view text) noexcept;

/// Makes MD5 ready on this thread. Throws std::runtime_error where OpenSSL has none, such as a FIPS-only set-up
/// without the default provider.
void require_md5();

}  // namespace cmemcache::routing
