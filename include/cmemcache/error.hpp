#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace cmemcache {

using error_code = boost::system::error_code;

/// What can go wrong. Misses, NOT_STORED, EXISTS and NOT_FOUND are not here: they are replies (see reply.hpp).
/// Trouble that the operating system names (connection refused, no route) arrives as its own error_code.
enum class errc {
  // Misuse: found before a byte is sent.
  key_empty = 1,          ///< the key has no bytes
  key_too_long,           ///< key and prefix together are over 250 bytes
  key_bad_character,      ///< a space, a control byte or DEL in the key
  value_too_large,        ///< over the client's limit, or the server said so
  bad_server,             ///< a server string that is none of the known forms
  bad_argument,           ///< a time, a delta or an option out of its range
  // Trouble with one server.
  no_server,              ///< no servers are configured, or every candidate of the key is dead
  host_not_found,         ///< the server's name does not resolve
  timed_out,              ///< the call's deadline passed
  connection_closed,      ///< the server closed the connection before it answered
  in_doubt,               ///< a store was written, the connection was lost: it may or may not have happened
  protocol_error,         ///< bytes that no memcached sends here; the connection was closed
  server_error,           ///< SERVER_ERROR: the server could not do this one
  client_error,           ///< CLIENT_ERROR or ERROR: the server did not take the command
  not_a_number,           ///< incr or decr of a value that is not a number
  unsupported,            ///< the server's version does not have the command
  authentication_failed,  ///< the server wants a name and a password, or did not take the client's
  not_enough_memory,      ///< the value announced could not be held
  // The caller's own doing.
  interrupted,            ///< the caller's interruption hook said stop (a signal handler raised)
  closed,                 ///< the client was closed
};

const boost::system::error_category& error_category() noexcept;

inline error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), error_category()}; }

/// Whether a connection that met `ec` must be closed. The only place that decides it: false for success, for
/// misuse, and for errors that a server reports about one request while the stream stays in step
/// (SERVER_ERROR object too large or out of memory, non-numeric incr); true for everything else.
bool is_fatal(const error_code& ec) noexcept;

/// What the throwing forms throw. `what()` names the server, what was being done, and what happened.
class error : public boost::system::system_error {
 public:
  /// `what`: the whole message.
  error(error_code ec, std::string server, std::string what)
      : system_error(ec), server_(std::move(server)), what_(std::move(what)) {}

  const char* what() const noexcept override { return what_.c_str(); }

  /// The server as it was given to the client; empty when no server was involved.
  const std::string& server() const noexcept { return server_; }

 private:
  std::string server_;
  std::string what_;
};

}  // namespace cmemcache

template <>
struct boost::system::is_error_code_enum<cmemcache::errc> : std::true_type {};
