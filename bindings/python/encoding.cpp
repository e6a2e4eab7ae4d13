#include "values.hpp"

#include <charconv>
#include <limits>

#include <marshal.h>

#include "arguments.hpp"

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

bool compress(PyObject* self, const value_rules& rules, value_text& out) {
  const reference plain =
      out.kept && PyBytes_CheckExact(out.kept.get())
          ? reference::to(out.kept.get())
          : reference::owning(PyBytes_FromStringAndSize(out.bytes.data(), static_cast<Py_ssize_t>(out.bytes.size())));
  if (!plain) return false;
  const reference compressor = reference::owning(PyObject_GetAttrString(self, "compressor"));
  if (!compressor) return false;
  value_text packed;
  if (!keep_bytes(reference::owning(PyObject_CallOneArg(compressor.get(), plain.get())), packed)) return false;
  if (!rules.is_kept(packed.bytes.size(), out.bytes.size())) return true;
  out.bytes = packed.bytes;
  out.kept = std::move(packed.kept);
  out.flags |= rules.compressed;
  return true;
}

bool encode_pickle(PyObject* self, PyObject* value, value_text& out) {
  out.flags = flag_bits::pickle;
  // "(O)": by a bare "O" a tuple would be taken for the list of arguments.
  return keep_bytes(reference::owning(PyObject_CallMethod(self, "_dumps", "(O)", value)), out);
}

// What numpy has would become the bytes of its buffer.
bool is_of_numpy(PyObject* value) {
  PyObject* const type = reinterpret_cast<PyObject*>(Py_TYPE(value));
  const reference module = reference::owning(PyObject_GetAttrString(type, "__module__"));
  if (!module) PyErr_Clear();
  return module && PyUnicode_Check(module.get()) && PyUnicode_CompareWithASCIIString(module.get(), "numpy") == 0;
}

// A pickle is for what marshal refuses: instances of classes, and what is nested too deeply.
bool encode_marshal(PyObject* self, const value_rules& rules, PyObject* value, value_text& out) {
  constexpr int version = 2;
  if (is_of_numpy(value)) return encode_pickle(self, value, out);
  out.flags = rules.marshal;
  if (keep_bytes(reference::owning(PyMarshal_WriteObjectToString(value, version)), out)) return true;
  if (!PyErr_ExceptionMatches(PyExc_Exception) || PyErr_ExceptionMatches(PyExc_MemoryError)) return false;
  PyErr_Clear();
  return encode_pickle(self, value, out);
}

bool is_an(PyObject* value, PyTypeObject& type, const value_rules& rules) noexcept {
  return Py_IS_TYPE(value, &type) || (rules.subclasses && PyObject_TypeCheck(value, &type));
}

bool encode_form(PyObject* self, const value_rules& rules, PyObject* value, value_text& out) {
  if (is_an(value, PyBytes_Type, rules)) return keep_bytes(reference::to(value), out);
  if (rules.text != 0 && is_an(value, PyUnicode_Type, rules)) {
    out.flags = rules.text;
    return encode_text(value, out);
  }
  if (rules.boolean != 0 && PyBool_Check(value)) {
    out.flags = rules.boolean;
    out.bytes = value == Py_True ? "1" : "0";
    return true;
  }
  if (is_an(value, PyLong_Type, rules)) {
    out.flags = rules.integer;
    return encode_integer(value, out);
  }
  return rules.marshal != 0 ? encode_marshal(self, rules, value, out) : encode_pickle(self, value, out);
}

bool encode_typed(const caller& by, PyObject* value, Py_ssize_t min_compress_len, value_text& out) {
  const value_rules& rules = rules_of(by.client.values);
  if (!encode_form(by.self, rules, value, out)) return false;
  if (!rules.is_compressed(out.bytes.size(), min_compress_len)) return true;
  return (out.flags == rules.integer && !rules.compresses_integers) || compress(by.self, rules, out);
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

}  // namespace

bool encode_integer(PyObject* value, value_text& out) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow == 0) {
    const auto end = std::to_chars(out.digits, out.digits + sizeof out.digits, number).ptr;
    out.bytes = {out.digits, static_cast<std::size_t>(end - out.digits)};
    return true;
  }
  // int's own: a subclass may call itself something else.
  reference digits = reference::owning(PyLong_Type.tp_repr(value));
  return digits && keep_bytes(reference::owning(PyUnicode_AsASCIIString(digits.get())), out);
}

bool encode_slowly(const caller& by, PyObject* key, PyObject* value, Py_ssize_t min_compress_len, value_text& out) {
  switch (by.client.values) {
    case profile::raw: return encode_raw(value, out);
    case profile::object: return encode_by_user(by.client, key, value, out);
    default: return encode_typed(by, value, min_compress_len, out);
  }
}

}  // namespace cmemcache::python
