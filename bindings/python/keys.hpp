#pragma once

#include <cstdint>
#include <string_view>

#include "client.hpp"
#include "reference.hpp"
#include "routing/stand_in.hpp"

namespace cmemcache::python {

/// A key as memcached sees it. `bytes` points into the caller's object, or into `kept`.
struct key_text {
  PyObject* object = nullptr;  ///< the caller's, borrowed
  std::string_view bytes;
  routing::stand_in stand_in;  ///< the caller's own hash, of (hash, key); or what pymemcache hashes
  reference kept;  ///< what the bytes, and those of the stand-in, lie in, if that is an object of our own

  bool has_stand_in() const noexcept { return stand_in.index() != 0; }
};

/// What sort of keys a verb takes.
enum class keys_of : std::uint8_t {
  single,  ///< str and bytes
  multi,   ///< also ints and the like, which become what str() makes of them
};

/// `prefix`: the call's own, without the client's; of interest only to a client that places_characters.
bool read_key_slowly(const bound_client& client, PyObject* key, keys_of verb, key_text& out, std::string_view prefix = {});

/// Encodes `key`. Its length and its characters are the engine's to check. False: an exception is set.
inline bool read_key(const bound_client& client, PyObject* key, keys_of verb, key_text& out) {
  out.object = key;
  if (PyUnicode_CheckExact(key) && PyUnicode_IS_COMPACT_ASCII(key) && client.plain_keys) [[likely]] {
    out.bytes = {static_cast<const char*>(PyUnicode_DATA(key)), static_cast<std::size_t>(PyUnicode_GET_LENGTH(key))};
    return true;
  }
  return read_key_slowly(client, key, verb, out);
}

/// The part of a key object that is the key: of (hash, key) the second.
PyObject* key_itself(PyObject* key) noexcept;

/// The prefix of one call, behind the client's own. Empty for null. The view lasts as long as `client` and `storage`.
bool read_prefix(const bound_client& client, PyObject* prefix, std::string& storage, std::string_view& out);

}  // namespace cmemcache::python
