#pragma once

#include <cstdint>
#include <string_view>

namespace cmemcache::routing {

/// The CRC-32 of zlib, Ethernet and Python's binascii (polynomial 0xedb88320, reflected).
///
/// The default hash runs this over every key of every call. Boost.CRC computes the same a byte at a time, for three
/// times the price; the tests hold the two against each other.
std::uint32_t crc32(std::string_view text) noexcept;

}  // namespace cmemcache::routing
