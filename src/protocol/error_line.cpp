#include "protocol/error_line.hpp"

#include "protocol/digits.hpp"

namespace cmemcache::protocol {

errc classify_error_line(std::string_view line, verb asked) noexcept {
  if (take(line, "SERVER_ERROR")) {
    if (line.starts_with(" object too large")) return errc::value_too_large;
    if (line.starts_with(" out of memory") || !is_storage(asked)) return errc::server_error;
    return errc::protocol_error;
  }
  if (take(line, "CLIENT_ERROR")) {
    if (line.starts_with(" cannot increment or decrement non-numeric value")) return errc::not_a_number;
    if (line.starts_with(" flush_all not allowed")) return errc::unsupported;
    if (line.starts_with(" unauthenticated") || line.starts_with(" authentication failure")) return errc::authentication_failed;
    return errc::client_error;
  }
  return line.starts_with("ERROR") ? errc::client_error : errc::protocol_error;
}

}  // namespace cmemcache::protocol
