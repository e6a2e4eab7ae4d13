#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Frames of the binary protocol, written out as protocol-binary.txt draws them.
namespace cmemcache::test {

inline std::string big_endian(std::uint64_t number, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i) & 0xff);
  return out;
}

struct frame {
  int code = 0;
  int status = 0;  ///< a request's vbucket
  std::string extras = {};
  std::string key = {};
  std::string value = {};
  std::uint32_t opaque = 0;
  std::uint64_t cas = 0;
};

inline std::string framed(int magic, const frame& f) {
  std::string out = big_endian(static_cast<std::uint64_t>(magic), 1) + big_endian(static_cast<std::uint64_t>(f.code), 1);
  out += big_endian(f.key.size(), 2) + big_endian(f.extras.size(), 1) + big_endian(0, 1);
  out += big_endian(static_cast<std::uint64_t>(f.status), 2);
  out += big_endian(f.extras.size() + f.key.size() + f.value.size(), 4);
  return out + big_endian(f.opaque, 4) + big_endian(f.cas, 8) + f.extras + f.key + f.value;
}

inline std::string asks(const frame& f) { return framed(0x80, f); }
inline std::string replies(const frame& f) { return framed(0x81, f); }

}  // namespace cmemcache::test
