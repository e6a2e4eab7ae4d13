#pragma once

#include <cmemcache/error.hpp>
#include <cmemcache/tls_options.hpp>

namespace cmemcache::net {

/// What goes wrong with TLS and OpenSSL has no name for. Its own codes are all greater.
enum class tls_trouble : int {
  handshake_timed_out = 1,
  closed_in_handshake,
};

error_code tls_error(tls_trouble what) noexcept;

/// The error that OpenSSL's functions have left in this thread's queue: the first, which is the cause of the others. The queue is
/// empty after that.
error_code take_tls_error() noexcept;

}  // namespace cmemcache::net
