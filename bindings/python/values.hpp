#pragma once

#include <cstdint>
#include <string_view>

#include "answers.hpp"
#include "exchange.hpp"
#include "keys.hpp"
#include "reference.hpp"

namespace cmemcache::python {

/// A value as memcached keeps it. `bytes` points into the caller's object, into `kept` or into `digits`: it must stay
/// where it was encoded.
struct value_text {
  value_text() noexcept {}  // leaves digits alone

  std::string_view bytes;
  std::uint32_t flags = 0;
  reference kept;
  char digits[24];
};

bool encode_integer(PyObject* value, value_text& out);
bool encode_slowly(const caller& by, PyObject* key, PyObject* value, Py_ssize_t min_compress_len, value_text& out);

/// Encodes `value` by the client's profile. False: an exception is set.
inline bool encode(const caller& by, PyObject* key, PyObject* value, Py_ssize_t min_compress_len, value_text& out) {
  const profile values = by.client.values;
  if (values == profile::python_memcached && PyLong_CheckExact(value)) {
    out.flags = flag_bits::integer;
    return encode_integer(value, out);
  }
  if (values <= profile::pymemcache && min_compress_len == 0) [[likely]] {
    if (PyBytes_CheckExact(value)) {
      out.bytes = {PyBytes_AS_STRING(value), static_cast<std::size_t>(PyBytes_GET_SIZE(value))};
      return true;
    }
    if (PyUnicode_CheckExact(value) && PyUnicode_IS_COMPACT_ASCII(value)) {
      out.bytes = {static_cast<const char*>(PyUnicode_DATA(value)),
                   static_cast<std::size_t>(PyUnicode_GET_LENGTH(value))};
      if (values != profile::raw) out.flags = flag_bits::text;
      return true;
    }
  }
  return encode_slowly(by, key, value, min_compress_len, out);
}

/// The usual texts and numbers. Null, and no exception: this is none, decode_slowly knows what to do.
PyObject* decode_ascii(std::string_view text);
PyObject* decode_integer(std::string_view digits);

PyObject* decode_slowly(const exchange& by, const key_text& key, const item& hit, answers& from);

/// What `hit` stands for by the client's profile: a new reference. Null with an exception set, or without: it could
/// not be decoded, that was reported, and it reads as a miss.
inline PyObject* decode(const exchange& by, const key_text& key, const item& hit, answers& from) {
  const profile values = by.client.values;
  if (values == profile::raw) return from.bytes(hit.value).release();
  if (values <= profile::pymemcache) {
    if (hit.flags == 0) return from.bytes(hit.value).release();
    PyObject* value = nullptr;
    if (hit.flags == flag_bits::text) value = decode_ascii(hit.value);
    if (hit.flags == flag_bits::integer) value = decode_integer(hit.value);
    if (value != nullptr) [[likely]]
      return value;
  }
  return decode_slowly(by, key, hit, from);
}

}  // namespace cmemcache::python
