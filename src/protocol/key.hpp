#pragma once

#include <cstddef>
#include <string_view>

#include <cmemcache/error.hpp>

namespace cmemcache::protocol {

/// Bytes of key and prefix together (memcached's KEY_MAX_LENGTH).
inline constexpr std::size_t max_key_length = 250;

/// Whether memcached takes `key` behind a prefix of `prefix_length` bytes: 1 to 250 bytes in all, none of them a
/// space, a control byte or DEL (protocol.txt forbids the first two; python-memcached also DEL). Bytes from 0x80 are
/// taken. An empty key is key_empty whatever the prefix. Nothing that fails here may reach the wire: a CR LF in a
/// key would be a second command.
error_code check_key(std::string_view key, std::size_t prefix_length = 0) noexcept;

/// Whether `prefix` may stand before a key: like a key, and it may be empty.
error_code check_prefix(std::string_view prefix) noexcept;

}  // namespace cmemcache::protocol
