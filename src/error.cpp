#include <cmemcache/error.hpp>
#include <cmemcache/reply.hpp>
#include <cmemcache/request.hpp>

namespace cmemcache {

namespace {

const char* describe(errc e) noexcept {
  switch (e) {
    case errc::key_empty: return "the key is empty";
    case errc::key_too_long: return "the key is too long: memcached takes 250 bytes, the prefix included";
    case errc::key_bad_character: return "the key has a space or a control character";
    case errc::value_too_large: return "the value is too large";
    case errc::bad_server: return "not a server: expected host, host:port, [address]:port, inet:host:port, "
                                  "inet6:[address]:port, unix:/path or /path";
    case errc::bad_argument: return "an argument is out of its range";
    case errc::no_server: return "no server is available";
    case errc::host_not_found: return "the server's name does not resolve";
    case errc::timed_out: return "timed out";
    case errc::connection_closed: return "the server closed the connection";
    case errc::in_doubt: return "the connection was lost after the request was written: it may have been carried out";
    case errc::protocol_error: return "the server sent something that is not the memcached protocol";
    case errc::server_error: return "the server reports an error";
    case errc::client_error: return "the server did not understand the command";
    case errc::not_a_number: return "cannot increment or decrement a value that is not a number";
    case errc::unsupported: return "the server does not support the command";
    case errc::authentication_failed: return "authentication failed";
    case errc::not_enough_memory: return "not enough memory for the server's answer";
    case errc::interrupted: return "interrupted";
    case errc::closed: return "the client is closed";
  }
  return "unknown error";
}

class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "cmemcache"; }
  std::string message(int value) const override { return describe(static_cast<errc>(value)); }
};

}  // namespace

const boost::system::error_category& error_category() noexcept {
  static const category instance;
  return instance;
}

bool is_fatal(const error_code& ec) noexcept {
  if (!ec) return false;
  if (ec.category() != error_category()) return true;
  switch (static_cast<errc>(ec.value())) {
    case errc::key_empty:
    case errc::key_too_long:
    case errc::key_bad_character:
    case errc::value_too_large:
    case errc::bad_server:
    case errc::bad_argument:
    case errc::server_error:
    case errc::not_a_number:
    case errc::unsupported: return false;
    default: return true;
  }
}

std::string_view to_string(verb v) noexcept {
  static constexpr std::string_view names[] = {"get",  "gets", "gat",  "gats",  "set",    "add",       "replace", "append", "prepend",
                                               "cas",  "incr", "decr", "touch", "delete", "flush_all", "version", "stats"};
  return names[static_cast<std::size_t>(v)];
}

std::string_view to_string(status s) noexcept {
  static constexpr std::string_view names[] = {"unanswered", "hit",       "miss",    "stored",  "not_stored", "exists",
                                               "not_found",  "deleted", "touched", "number", "ok"};
  return names[static_cast<std::size_t>(s)];
}

}  // namespace cmemcache
