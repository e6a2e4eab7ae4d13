#pragma once

#include <string>

namespace cmemcache::protocol {

/// A name and a password, in the forms that go over the wire.
struct credentials {
  credentials(const std::string& name, const std::string& password)
      : ascii(name + ' ' + password), sasl_plain(std::string(1, '\0') + name + '\0' + password) {}

  const std::string ascii;       ///< the value of the first `set` on a connection (memcached's protocol.txt, "Authentication")
  const std::string sasl_plain;  ///< RFC 4616: no authorization identity, the name, the password
};

}  // namespace cmemcache::protocol
