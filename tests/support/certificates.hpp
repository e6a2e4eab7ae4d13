#pragma once

#include <string>
#include <string_view>

#include <cmemcache/tls_options.hpp>

namespace cmemcache::test {

/// The path of a file that make_certificates makes: "server.pem". All are made when the first is asked for, and are gone when the
/// program is.
std::string certificate(std::string_view file);

/// TLS as the tests' servers want it.
tls_options trusting_our_ca();

}  // namespace cmemcache::test
