#pragma once

#include <cstdint>
#include <string_view>

#include <cmemcache/distribution.hpp>

namespace cmemcache::routing {

/// The number a key is placed by: bit for bit what the library that `kind` comes from computes for these bytes.
///
/// Pure, and safe from several threads. For `md5` see routing/md5.hpp: a placement asks for it when it is made, whoever
/// hashes without one calls require_md5() first.
std::uint32_t hash_key(hash_kind kind, std::string_view key) noexcept;

}  // namespace cmemcache::routing
