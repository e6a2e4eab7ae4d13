#include "protocol/error_line.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <vector>

using namespace cmemcache;
using namespace cmemcache::protocol;

namespace {

struct classified {
  const char* line;
  verb asked;
  errc code;
  bool fatal;
};

// Whether the stream is in step behind the line was tried against 1.6.18 and 1.6.45.
const std::vector<classified> lines{
    {"SERVER_ERROR object too large for cache", verb::set, errc::value_too_large, false},
    {"SERVER_ERROR out of memory storing object", verb::add, errc::server_error, false},
    {"SERVER_ERROR out of memory", verb::incr, errc::server_error, false},
    {"SERVER_ERROR out of memory writing get response", verb::get, errc::server_error, false},
    {"SERVER_ERROR timeout", verb::get, errc::server_error, false},
    {"SERVER_ERROR timeout", verb::delete_, errc::server_error, false},
    {"SERVER_ERROR timeout", verb::flush_all, errc::server_error, false},
    {"SERVER_ERROR", verb::touch, errc::server_error, false},
    {"SERVER_ERROR timeout", verb::set, errc::protocol_error, true},
    {"SERVER_ERROR", verb::cas, errc::protocol_error, true},
    {"CLIENT_ERROR cannot increment or decrement non-numeric value", verb::incr, errc::not_a_number, false},
    {"CLIENT_ERROR flush_all not allowed", verb::flush_all, errc::unsupported, false},
    {"CLIENT_ERROR invalid numeric delta argument", verb::incr, errc::client_error, true},
    {"CLIENT_ERROR bad data chunk", verb::set, errc::client_error, true},
    {"CLIENT_ERROR bad command line format", verb::get, errc::client_error, true},
    {"CLIENT_ERROR line too long", verb::get, errc::client_error, true},
    {"CLIENT_ERROR invalid flag", verb::set, errc::client_error, true},
    {"CLIENT_ERROR unauthenticated", verb::get, errc::authentication_failed, true},
    {"CLIENT_ERROR authentication failure", verb::set, errc::authentication_failed, true},
    {"CLIENT_ERROR", verb::get, errc::client_error, true},
    {"ERROR", verb::get, errc::client_error, true},
    {"ERROR Too many open connections", verb::get, errc::client_error, true},
    {"", verb::get, errc::protocol_error, true},
    {"error", verb::get, errc::protocol_error, true},
    {" ERROR", verb::get, errc::protocol_error, true},
    {"STORED", verb::get, errc::protocol_error, true},
    {"HTTP/1.1 400 Bad Request", verb::get, errc::protocol_error, true},
    {"-ERR unknown command 'get'", verb::get, errc::protocol_error, true},
};

}  // namespace

TEST_CASE("error lines are told apart by what they do to the stream", "[error_line]") {
  for (const classified& c : lines) {
    INFO(c.line << " to " << to_string(c.asked));
    CHECK(classify_error_line(c.line, c.asked) == c.code);
    CHECK(is_fatal(c.code) == c.fatal);
  }
}

TEST_CASE("an exptime is kept where memcached reads it as it was meant", "[error_line]") {
  CHECK(wire_exptime(0) == 0);
  CHECK(wire_exptime(-1) == -1);
  CHECK(wire_exptime(std::numeric_limits<std::int64_t>::min()) == -1);
  CHECK(wire_exptime(2592000) == 2592000);
  CHECK(wire_exptime(2147483647) == 2147483647);
  CHECK(wire_exptime(2147483648) == 2147483647);
  CHECK(wire_exptime(std::numeric_limits<std::int64_t>::max()) == 2147483647);
}
