#include "values.hpp"

#include <charconv>
#include <cstring>

#include <marshal.h>

#include "chunks.hpp"

namespace cmemcache::python {

namespace {

std::string_view view_of(const reference& bytes) noexcept {
  return {PyBytes_AS_STRING(bytes.get()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()))};
}

// As int() reads it: large, or with the blanks that decr leaves behind a number.
PyObject* decode_any_integer(std::string_view digits, answers& from) {
  const reference text = from.bytes(digits);
  return text ? PyNumber_Long(text.get()) : nullptr;
}

PyObject* decode_boolean(std::string_view digits, answers& from) {
  const reference number = reference::owning(decode_any_integer(digits, from));
  const int truth = number ? PyObject_IsTrue(number.get()) : -1;
  return truth < 0 ? nullptr : PyBool_FromLong(truth);
}

reference decompress(PyObject* self, const reference& packed) {
  const reference decompressor = reference::owning(PyObject_GetAttrString(self, "decompressor"));
  if (!packed || !decompressor) return {};
  reference plain = reference::owning(PyObject_CallOneArg(decompressor.get(), packed.get()));
  if (plain && !PyBytes_Check(plain.get())) {
    PyErr_Format(PyExc_TypeError, "the decompressor must return bytes, not %s", Py_TYPE(plain.get())->tp_name);
    return {};
  }
  return plain;
}

// `kept`: what `bytes` lie in, if that is an object.
PyObject* decode_form(PyObject* self, form kind, std::string_view bytes, reference kept, answers& from) {
  switch (kind) {
    case form::text: return PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr);
    case form::integer: return decode_any_integer(bytes, from);
    case form::boolean: return decode_boolean(bytes, from);
    case form::marshal: return PyMarshal_ReadObjectFromString(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
    case form::bytes:
    case form::pickle: break;
  }
  if (!kept) kept = from.bytes(bytes);
  if (!kept || kind == form::bytes) return kept.release();
  return PyObject_CallMethod(self, "_loads", "(O)", kept.get());
}

// `whole`: the value, where it is not what was answered.
PyObject* decode_typed(const exchange& by, const item& hit, form kind, reference whole, answers& from) {
  std::string_view bytes = whole ? view_of(whole) : hit.value;
  if ((hit.flags & rules_of(by.client.values).compressed) != 0) {
    whole = decompress(by.self, whole ? std::move(whole) : from.bytes(bytes));
    if (!whole) return nullptr;
    bytes = view_of(whole);
  }
  return decode_form(by.self, kind, bytes, std::move(whole), from);
}

PyObject* decode_by_user(const bound_client& client, const key_text& key, const item& hit, answers& from) {
  const reference bytes = from.bytes(hit.value);
  if (!bytes) return nullptr;
  return PyObject_CallMethod(client.serializer.get(), "loads", "OOk", key_itself(key.object), bytes.get(),
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

// Null, as what cannot be decoded is; an exception is set where it `raises` and the caller wants to hear of trouble.
PyObject* undecodable(const exchange& by, const key_text& key, const item& hit, PyObject* cause, bool raises) {
  const reference reported = reference::owning(PyObject_CallMethod(
      by.self, "_undecodable", "OkOO", key_itself(key.object), static_cast<unsigned long>(hit.flags),
      cause == nullptr ? Py_None : cause, raises && by.raises ? Py_True : Py_False));
  return nullptr;
}

// Takes down the exception that is set, if it says that the value cannot be decoded.
PyObject* give_up(const exchange& by, const key_text& key, const item& hit, bool raises) {
  const reference cause = take_decoding_exception();
  return cause ? undecodable(by, key, hit, cause.get(), raises) : nullptr;
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


PyObject* decode_slowly(const exchange& by, const key_text& key, const item& hit, answers& from) {
  if (by.client.values == profile::object) {
    PyObject* const value = decode_by_user(by.client, key, hit, from);
    return value != nullptr ? value : give_up(by, key, hit, true);
  }
  const value_rules& rules = rules_of(by.client.values);
  const std::optional<form> kind = rules.form_of(hit.flags & ~rules.chunked);
  if (!kind) return undecodable(by, key, hit, nullptr, true);
  reference whole;
  if ((hit.flags & rules.chunked) != 0) {
    if (!from.are_of_blocking_call()) {
      PyErr_SetString(PyExc_RuntimeError, "libmc keeps it in several chunks, which only a blocking call fetches");
      return give_up(by, key, hit, true);
    }
    chunks found = fetch_chunks(by, key, hit, hit.flags & ~rules.chunked);
    if (found.complaint != nullptr) PyErr_SetString(PyExc_ValueError, found.complaint);
    if (!found.whole) return found.complaint == nullptr ? nullptr : give_up(by, key, hit, false);
    whole = std::move(found.whole);
  }
  PyObject* const value = decode_typed(by, hit, *kind, std::move(whole), from);
  // A pickle that does not load is a miss to python-memcached's users, whatever the caller wants.
  return value != nullptr ? value : give_up(by, key, hit, false);
}

}  // namespace cmemcache::python
