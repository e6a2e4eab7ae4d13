#pragma once

#include <memory>
#include <string>

#include "support/memcached.hpp"

/// Servers that let in nobody but `ada`, whose password is `secret`.
namespace cmemcache::test {

/// memcached -Y: the ASCII authentication.
std::unique_ptr<memcached> server_with_passwords();

/// memcached -S: SASL, in the binary protocol and nothing else. Its users are made by Debian's saslpasswd2.
std::unique_ptr<memcached> server_with_sasl();

}  // namespace cmemcache::test
