#include "values.hpp"

#include <charconv>
#include <cstring>
#include <limits>

#include "arguments.hpp"
#include "keys.hpp"

namespace cmemcache::python {

namespace {

bool keep_bytes(reference object, value_text& out) {
  if (!object) return false;
  char* data = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(object.get(), &data, &size) != 0) return false;
  out.bytes = {data, static_cast<std::size_t>(size)};
  out.kept = std::move(object);
  return true;
}

bool encode_text(PyObject* value, value_text& out) {
  if (PyUnicode_IS_COMPACT_ASCII(value)) {
    out.bytes = {static_cast<const char*>(PyUnicode_DATA(value)),
                 static_cast<std::size_t>(PyUnicode_GET_LENGTH(value))};
    return true;
  }
  return keep_bytes(reference::owning(PyUnicode_AsUTF8String(value)), out);
}

// A memoryview keeps the buffer where it is until the call is over, even a bytearray's.
bool encode_buffer(PyObject* value, value_text& out) {
  reference view = reference::owning(PyMemoryView_FromObject(value));
  if (!view) return false;
  const Py_buffer& buffer = *PyMemoryView_GET_BUFFER(view.get());
  if (!PyBuffer_IsContiguous(&buffer, 'C')) return keep_bytes(reference::owning(PyBytes_FromObject(view.get())), out);
  out.bytes = {static_cast<const char*>(buffer.buf), static_cast<std::size_t>(buffer.len)};
  out.kept = std::move(view);
  return true;
}

bool encode_raw(PyObject* value, value_text& out) {
  if (PyBytes_Check(value)) return keep_bytes(reference::to(value), out);
  if (PyUnicode_Check(value)) return encode_text(value, out);
  if (PyObject_CheckBuffer(value)) return encode_buffer(value, out);
  PyErr_Format(PyExc_TypeError, "a value must be bytes-like or str, not %s", Py_TYPE(value)->tp_name);
  return false;
}

bool compress(PyObject* self, value_text& out) {
  const reference plain =
      out.kept && PyBytes_CheckExact(out.kept.get())
          ? reference::to(out.kept.get())
          : reference::owning(PyBytes_FromStringAndSize(out.bytes.data(), static_cast<Py_ssize_t>(out.bytes.size())));
  if (!plain) return false;
  const reference compressor = reference::owning(PyObject_GetAttrString(self, "compressor"));
  if (!compressor) return false;
  value_text small;
  if (!keep_bytes(reference::owning(PyObject_CallOneArg(compressor.get(), plain.get())), small)) return false;
  if (small.bytes.size() >= out.bytes.size()) return true;
  out.bytes = small.bytes;
  out.kept = std::move(small.kept);
  out.flags |= flag_bits::compressed;
  return true;
}

// By the exact type: an instance of a subclass comes back as one, which takes a pickle. Ints, which are never
// compressed, are not met here.
bool encode_typed(PyObject* self, PyObject* value, Py_ssize_t min_compress_len, value_text& out) {
  if (PyBytes_CheckExact(value)) {
    if (!keep_bytes(reference::to(value), out)) return false;
  } else if (PyUnicode_CheckExact(value)) {
    out.flags = flag_bits::text;
    if (!encode_text(value, out)) return false;
  } else {
    out.flags = flag_bits::pickle;
    // "(O)": by a bare "O" a tuple would be taken for the list of arguments.
    if (!keep_bytes(reference::owning(PyObject_CallMethod(self, "_dumps", "(O)", value)), out)) return false;
  }
  if (min_compress_len == 0) return true;
  if (min_compress_len > 0 && out.bytes.size() <= static_cast<std::size_t>(min_compress_len)) return true;
  return compress(self, out);
}

bool encode_by_user(const bound_client& client, PyObject* key, PyObject* value, value_text& out) {
  const reference made =
      reference::owning(PyObject_CallMethod(client.serializer.get(), "dumps", "OO", key_itself(key), value));
  if (!made) return false;
  std::uint64_t flags = 0;
  if (!PyTuple_Check(made.get()) || PyTuple_GET_SIZE(made.get()) != 2) {
    PyErr_Format(PyExc_TypeError, "dumps() of the profile must return (bytes, flags), not %R", made.get());
    return false;
  }
  if (!read_unsigned(PyTuple_GET_ITEM(made.get(), 1), "flags", std::numeric_limits<std::uint32_t>::max(), flags))
    return false;
  out.flags = static_cast<std::uint32_t>(flags);
  return encode_raw(PyTuple_GET_ITEM(made.get(), 0), out) &&
         // encode_raw may point into the object without keeping it, and the tuple goes away.
         (out.kept || (out.kept = reference::to(PyTuple_GET_ITEM(made.get(), 0)), true));
}

// As int() reads it: large, or with the blanks that decr leaves behind a number.
PyObject* decode_any_integer(std::string_view digits, answers& from) {
  const reference text = from.bytes(digits);
  return text ? PyNumber_Long(text.get()) : nullptr;
}

PyObject* decode_typed(PyObject* self, const item& hit, answers& from) {
  std::string_view bytes = hit.value;
  std::uint32_t flags = hit.flags;
  reference plain;
  if ((flags & flag_bits::compressed) != 0) {
    const reference packed = from.bytes(bytes);
    const reference decompressor = reference::owning(PyObject_GetAttrString(self, "decompressor"));
    if (!packed || !decompressor) return nullptr;
    plain = reference::owning(PyObject_CallOneArg(decompressor.get(), packed.get()));
    if (!plain) return nullptr;
    char* data = nullptr;
    Py_ssize_t size = 0;
    if (PyBytes_AsStringAndSize(plain.get(), &data, &size) != 0) return nullptr;
    bytes = {data, static_cast<std::size_t>(size)};
    flags &= ~flag_bits::compressed;
  }
  if ((flags & flag_bits::text) != 0)
    return PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr);
  if ((flags & (flag_bits::integer | flag_bits::long_integer)) != 0) return decode_any_integer(bytes, from);
  if (!plain) plain = from.bytes(bytes);
  if (!plain || flags == 0) return plain.release();
  return PyObject_CallMethod(self, "_loads", "(O)", plain.get());
}

PyObject* decode_by_user(const bound_client& client, PyObject* key, const item& hit, answers& from) {
  const reference bytes = from.bytes(hit.value);
  if (!bytes) return nullptr;
  return PyObject_CallMethod(client.serializer.get(), "loads", "OOk", key_itself(key), bytes.get(),
                             static_cast<unsigned long>(hit.flags));
}

// The exception that is set, taken down; null where it is none of the value's: Ctrl-C, no memory.
reference take_decoding_exception() {
  if (!PyErr_ExceptionMatches(PyExc_Exception) || PyErr_ExceptionMatches(PyExc_MemoryError)) return {};
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return reference::owning(value);
}

// Whether there is no byte from 0x80 on.
bool is_ascii(std::string_view text) noexcept {
  constexpr std::size_t word = sizeof(std::uint64_t);
  const auto load = [](const char* at) {
    std::uint64_t bytes;
    std::memcpy(&bytes, at, word);
    return bytes;
  };
  const char* at = text.data();
  const char* const end = at + text.size();
  std::uint64_t all = 0;
  for (; end - at >= 4 * static_cast<std::ptrdiff_t>(word); at += 4 * word)
    all |= load(at) | load(at + word) | load(at + 2 * word) | load(at + 3 * word);
  for (; end - at >= static_cast<std::ptrdiff_t>(word); at += word) all |= load(at);
  if (text.size() >= word)
    all |= load(end - word);  // the rest, and some of it again
  else
    for (; at != end; ++at) all |= static_cast<unsigned char>(*at);
  return (all & 0x8080808080808080u) == 0;
}

}  // namespace

bool encode_integer(PyObject* value, value_text& out) {
  out.flags = flag_bits::integer;
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow == 0) {
    const auto end = std::to_chars(out.digits, out.digits + sizeof out.digits, number).ptr;
    out.bytes = {out.digits, static_cast<std::size_t>(end - out.digits)};
    return true;
  }
  reference digits = reference::owning(PyObject_Str(value));
  return digits && keep_bytes(reference::owning(PyUnicode_AsASCIIString(digits.get())), out);
}

PyObject* decode_ascii(std::string_view text) {
  if (!is_ascii(text)) return nullptr;
  PyObject* const made = PyUnicode_New(static_cast<Py_ssize_t>(text.size()), 127);
  if (made == nullptr) {
    PyErr_Clear();
    return nullptr;
  }
  if (!text.empty()) std::memcpy(PyUnicode_1BYTE_DATA(made), text.data(), text.size());
  return made;
}

PyObject* decode_integer(std::string_view digits) {
  long long number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, bad] = std::from_chars(digits.data(), end, number);
  return bad == std::errc() && stop == end ? PyLong_FromLongLong(number) : nullptr;
}

bool encode_slowly(const caller& by, PyObject* key, PyObject* value, Py_ssize_t min_compress_len, value_text& out) {
  switch (by.client.values) {
    case profile::raw: return encode_raw(value, out);
    case profile::python_memcached: return encode_typed(by.self, value, min_compress_len, out);
    case profile::object: break;
  }
  return encode_by_user(by.client, key, value, out);
}

PyObject* decode_slowly(const caller& by, PyObject* key, const item& hit, answers& from) {
  const profile values = by.client.values;
  const bool unknown = values == profile::python_memcached && (hit.flags & ~flag_bits::known) != 0;
  reference cause;
  if (!unknown) {
    PyObject* const value =
        values == profile::object ? decode_by_user(by.client, key, hit, from) : decode_typed(by.self, hit, from);
    if (value != nullptr) return value;
    cause = take_decoding_exception();
    if (!cause) return nullptr;
  }
  // A pickle that does not load is a miss to python-memcached's users, whatever the caller wants.
  const bool raises = by.raises && (unknown || values == profile::object);
  const reference reported = reference::owning(
      PyObject_CallMethod(by.self, "_undecodable", "OkOO", key_itself(key), static_cast<unsigned long>(hit.flags),
                          cause ? cause.get() : Py_None, raises ? Py_True : Py_False));
  return nullptr;
}

}  // namespace cmemcache::python
