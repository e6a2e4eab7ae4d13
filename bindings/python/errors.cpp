#include "errors.hpp"

#include <cxxabi.h>

#include <exception>
#include <new>

#include "client.hpp"
#include "gil.hpp"
#include "text.hpp"

namespace cmemcache::python {

namespace {

// The classes of cmemcache._errors; kept for good once imported.
struct exception_classes {
  PyObject* error = nullptr;
  PyObject* server_down = nullptr;
  PyObject* server_timeout = nullptr;
  PyObject* protocol_error = nullptr;
  PyObject* value_too_large = nullptr;
  PyObject* authentication_error = nullptr;
  PyObject* closed_error = nullptr;
  PyObject* key_length = nullptr;
  PyObject* key_character = nullptr;
  PyObject* key_none = nullptr;
  PyObject* key_type = nullptr;
  PyObject* key_encoding = nullptr;
};

exception_classes& classes() noexcept {
  static exception_classes found;
  return found;
}

bool is(const error_code& code, errc what) noexcept { return code == make_error_code(what); }

PyObject* class_for(const error_code& code) noexcept {
  if (code.category() != error_category()) return classes().server_down;  // the operating system's
  switch (static_cast<errc>(code.value())) {
    case errc::timed_out: return classes().server_timeout;
    case errc::no_server:
    case errc::host_not_found:
    case errc::connection_closed:
    case errc::in_doubt: return classes().server_down;
    case errc::protocol_error:
    case errc::client_error:
    case errc::server_error:
    case errc::unsupported: return classes().protocol_error;
    case errc::value_too_large: return classes().value_too_large;
    case errc::authentication_failed: return classes().authentication_error;
    case errc::closed: return classes().closed_error;
    case errc::not_enough_memory: return PyExc_MemoryError;
    case errc::not_a_number:
    case errc::bad_server:
    case errc::bad_argument: return PyExc_ValueError;
    default: return classes().error;
  }
}

}  // namespace

bool import_errors() {
  const reference module = reference::owning(PyImport_ImportModule("cmemcache._errors"));
  if (!module) return false;
  const auto find = [&](PyObject*& into, const char* name) {
    into = PyObject_GetAttrString(module.get(), name);
    return into != nullptr;
  };
  exception_classes& c = classes();
  return find(c.error, "Error") && find(c.server_down, "ServerDown") && find(c.server_timeout, "ServerTimeout") &&
         find(c.protocol_error, "ProtocolError") && find(c.value_too_large, "ValueTooLarge") &&
         find(c.authentication_error, "AuthenticationError") && find(c.closed_error, "ClosedError") && find(c.key_length, "MemcachedKeyLengthError") &&
         find(c.key_character, "MemcachedKeyCharacterError") && find(c.key_none, "MemcachedKeyNoneError") &&
         find(c.key_type, "MemcachedKeyTypeError") && find(c.key_encoding, "MemcachedStringEncodingError");
}

bool is_key_error(const error_code& why) noexcept {
  return is(why, errc::key_empty) || is(why, errc::key_too_long) || is(why, errc::key_bad_character);
}

void raise_key_error(const error_code& why, PyObject* key) {
  // python-memcached, too, counts the empty key among those with bad characters.
  PyObject* const which = is(why, errc::key_too_long) ? classes().key_length : classes().key_character;
  PyErr_Format(which, "%s (%R)", why.message().c_str(), key);
}

void raise_key_none() { PyErr_SetString(classes().key_none, "the key is None"); }

void raise_key_type(PyObject* key, const char* expected) {
  PyErr_Format(classes().key_type, "a key must be %s, not %s", expected, Py_TYPE(key)->tp_name);
}

void raise_key_encoding(PyObject* key) {
  PyErr_Clear();
  PyErr_Format(classes().key_encoding, "the key cannot be encoded as UTF-8 (%R)", key);
}

reference make_trouble(const failure& what) {
  const reference text = text_object(what.text.empty() ? what.code.message() : what.text);
  const reference server = text_object(what.server);
  if (!text || !server) return {};
  PyObject* const which = class_for(what.code);
  const bool ours = PyObject_IsSubclass(which, classes().error) > 0;
  return reference::owning(PyObject_CallFunctionObjArgs(which, text.get(), ours ? server.get() : nullptr, nullptr));
}

void raise(const reference& instance) {
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(instance.get())), instance.get());
}

namespace {

void translate_current() {
  try {
    throw;
  } catch (abi::__forced_unwind&) {
    stay_outside();
  } catch (const python_error_set&) {
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const error& e) {
    try {
      const reference instance = make_trouble({e.code(), e.server(), e.what()});
      if (instance) raise(instance);
    } catch (const std::exception&) {
      PyErr_NoMemory();
    }
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  } catch (...) {
    PyErr_SetString(PyExc_RuntimeError, "an unknown C++ exception");
  }
}

}  // namespace

void raise_current() noexcept {
  try {
    translate_current();
  } catch (abi::__forced_unwind&) {
    stay_outside();
  }
}

}  // namespace cmemcache::python
