#include "protocol/key.hpp"

namespace cmemcache::protocol {

error_code check_key(std::string_view key, std::size_t prefix_length) noexcept {
  if (key.empty()) return errc::key_empty;
  if (key.size() + prefix_length > max_key_length) return errc::key_too_long;
  if (!has_good_bytes(key)) return errc::key_bad_character;
  return {};
}

error_code check_prefix(std::string_view prefix) noexcept {
  if (prefix.empty()) return {};
  return check_key(prefix, 1);  // room for a key of one byte
}

}  // namespace cmemcache::protocol
