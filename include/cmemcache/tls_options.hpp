#pragma once

#include <boost/system/error_category.hpp>

#include <string>

namespace cmemcache {

/// TLS to all servers of a client: whom it believes, and who it says it is. Files are PEM, and are read once, when the client is
/// made: one that is missing, or is not what it should be, is errc::bad_argument, which names it.
///
/// Tickets of earlier connections to the same server are used again. TLS 1.2 is the least that is spoken.
struct tls_options {
  std::string ca_file = {};       ///< certificates of those who may vouch for a server; none: the system's
  std::string cert_file = {};     ///< our own certificate and its chain, where servers ask for one
  std::string key_file = {};      ///< its key; none: in cert_file
  std::string server_name = {};   ///< the name (or address) that certificates must be for; none: each server's host
  bool verify = true;             ///< false: whoever answers is believed. A unix socket needs this, or a server_name
};

/// Why a server's certificate was not believed: the values are those of X509_STORE_CTX_get_error().
const boost::system::error_category& certificate_category() noexcept;

/// All other trouble that TLS names: OpenSSL's error codes, and a few of our own.
const boost::system::error_category& tls_category() noexcept;

}  // namespace cmemcache
