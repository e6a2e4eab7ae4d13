#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace cmemcache::routing {

/// What a key is placed by instead of its own bytes, if its caller says so: a hash of the caller's (python-memcached's
/// `(hash, key)`), or other bytes (the characters that pymemcache hashes), which are the caller's, too.
using stand_in = std::variant<std::monostate, std::uint64_t, std::string_view>;

}  // namespace cmemcache::routing
