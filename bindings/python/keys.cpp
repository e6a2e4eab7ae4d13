#include "keys.hpp"

#include "errors.hpp"
#include "protocol/key.hpp"

namespace cmemcache::python {

namespace {

// The text of a str or bytes object. It stays where it is as long as the object does.
bool view_text(PyObject* object, std::string_view& out) {
  if (PyBytes_Check(object)) {
    out = {PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))};
    return true;
  }
  Py_ssize_t size = 0;
  const char* const data = PyUnicode_AsUTF8AndSize(object, &size);
  if (data == nullptr) {
    if (PyErr_ExceptionMatches(PyExc_UnicodeError)) raise_key_encoding(object);
    return false;
  }
  out = {data, static_cast<std::size_t>(size)};
  return true;
}

// python-memcached takes the remainder of whatever int it is given. One that does not fit is brought to the same
// first server by taking the remainder here; only the order of failover is another then.
bool fold_hash(const bound_client& client, PyObject* hash, std::uint64_t& out) {
  std::uint64_t buckets = 0;
  for (const server& s : client.engine().servers()) buckets += s.weight;
  const reference divisor = reference::owning(PyLong_FromUnsignedLongLong(buckets == 0 ? 1 : buckets));
  if (!divisor) return false;
  const reference rest = reference::owning(PyNumber_Remainder(hash, divisor.get()));
  if (!rest) return false;
  out = PyLong_AsUnsignedLongLong(rest.get());
  return out != static_cast<std::uint64_t>(-1) || PyErr_Occurred() == nullptr;
}

bool read_hash(const bound_client& client, PyObject* pair, std::uint64_t& out) {
  PyObject* const hash = PyTuple_GET_SIZE(pair) == 2 ? PyTuple_GET_ITEM(pair, 0) : nullptr;
  if (hash == nullptr || !PyLong_Check(hash)) {
    raise_key_type(pair, "str, bytes or (hash, key) with an int for a hash");
    return false;
  }
  out = PyLong_AsUnsignedLongLong(hash);
  if (out != static_cast<std::uint64_t>(-1) || PyErr_Occurred() == nullptr) return true;
  PyErr_Clear();
  return fold_hash(client, hash, out);
}

// pymemcache hashes the characters of an f-string with the key in it, each cut down to eight bits: of bytes those of the
// repr. They are put behind the key's own bytes, in an object that keeps both.
bool place_by_characters(bool are_bytes, std::string_view prefix, key_text& out) {
  const std::string whole = std::string(prefix).append(out.bytes);
  const auto size = static_cast<Py_ssize_t>(whole.size());
  reference shown = reference::owning(are_bytes ? PyBytes_FromStringAndSize(whole.data(), size)
                                                : PyUnicode_DecodeUTF8(whole.data(), size, "surrogateescape"));
  if (shown && are_bytes) shown = reference::owning(PyObject_Repr(shown.get()));
  if (!shown) return false;
  std::string both(out.bytes);
  for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(shown.get()); ++i)
    both += static_cast<char>(PyUnicode_READ_CHAR(shown.get(), i) & 0xff);
  reference keeps = reference::owning(PyBytes_FromStringAndSize(both.data(), static_cast<Py_ssize_t>(both.size())));
  if (!keeps) return false;
  const std::string_view kept(PyBytes_AS_STRING(keeps.get()), both.size());
  out.stand_in = kept.substr(out.bytes.size());
  out.bytes = kept.substr(0, out.bytes.size());
  out.kept = std::move(keeps);
  return true;
}

bool is_text(PyObject* object) noexcept { return PyUnicode_Check(object) || PyBytes_Check(object); }

}  // namespace

PyObject* key_itself(PyObject* key) noexcept {
  return PyTuple_Check(key) && PyTuple_GET_SIZE(key) == 2 ? PyTuple_GET_ITEM(key, 1) : key;
}

bool read_key_slowly(const bound_client& client, PyObject* key, keys_of verb, key_text& out,
                     std::string_view prefix) {
  if (PyTuple_Check(key)) {
    if (!read_hash(client, key, out.stand_in.emplace<std::uint64_t>())) return false;
    key = PyTuple_GET_ITEM(key, 1);
  }
  if (client.key_encoder && key != Py_None) {
    out.kept = reference::owning(PyObject_CallOneArg(client.key_encoder.get(), key));
    if (!out.kept) return false;
    key = out.kept.get();
  }
  if (key == Py_None) {
    raise_key_none();
    return false;
  }
  if (!is_text(key)) {
    // str() of a buffer or a tuple would make a key that nobody meant.
    if (verb == keys_of::single || PyObject_CheckBuffer(key) || PyTuple_Check(key)) {
      raise_key_type(key, verb == keys_of::single ? "str or bytes" : "str, bytes or int");
      return false;
    }
    out.kept = reference::owning(PyObject_Str(key));
    if (!out.kept) return false;
    key = out.kept.get();
  }
  if (!view_text(key, out.bytes)) return false;
  if (out.bytes.size() > client.max_key_length) {
    raise_key_error(errc::key_too_long, key);
    return false;
  }
  return !client.places_characters || out.has_stand_in() || place_by_characters(PyBytes_Check(key), prefix, out);
}

bool read_prefix(const bound_client& client, PyObject* prefix, std::string& storage, std::string_view& out) {
  out = client.engine().options().key_prefix;
  if (prefix == nullptr) return true;
  if (!is_text(prefix)) {
    PyErr_Format(PyExc_TypeError, "key_prefix must be str or bytes, not %s", Py_TYPE(prefix)->tp_name);
    return false;
  }
  std::string_view text;
  if (!view_text(prefix, text)) return false;
  if (text.empty()) return true;
  storage = out;
  storage += text;
  out = storage;
  if (const error_code bad = protocol::check_prefix(out)) {
    raise_key_error(bad, prefix);
    return false;
  }
  return true;
}

}  // namespace cmemcache::python
