#pragma once

#include <cmemcache/error.hpp>
#include <cmemcache/reply.hpp>

#include "reference.hpp"

namespace cmemcache::python {

/// Finds the exception classes in cmemcache._errors. Once, when the module is imported; false: an exception is set.
bool import_errors();

/// Sets the member of the MemcachedKeyError family that `why` (a key_... code) asks for.
void raise_key_error(const error_code& why, PyObject* key);

/// The same for keys that are no keys at all.
void raise_key_none();
void raise_key_type(PyObject* key, const char* expected);

/// Turns the UnicodeEncodeError that is set into MemcachedStringEncodingError.
void raise_key_encoding(PyObject* key);

/// Whether `why` is one of the codes that raise_key_error knows.
bool is_key_error(const error_code& why) noexcept;

/// The exception for trouble with a server: an instance, not raised. Null: another exception is set.
reference make_trouble(const failure& what);

/// Sets `instance` as the current exception.
void raise(const reference& instance);

/// Sets the Python exception for the C++ exception that is being handled.
void raise_current() noexcept;

/// The exception that is on its way, if any, is left alone by what is done while this lives.
class exception_kept {
 public:
  exception_kept() noexcept { PyErr_Fetch(&type_, &value_, &traceback_); }
  ~exception_kept() { PyErr_Restore(type_, value_, traceback_); }
  exception_kept(const exception_kept&) = delete;
  exception_kept& operator=(const exception_kept&) = delete;

 private:
  PyObject *type_, *value_, *traceback_;
};

}  // namespace cmemcache::python
