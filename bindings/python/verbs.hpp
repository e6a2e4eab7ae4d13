#pragma once

#include <concepts>

#include <cmemcache/request.hpp>

#include "arguments.hpp"
#include "errors.hpp"
#include "instance.hpp"

namespace cmemcache::python {

/// What a verb was called with.
struct call_arguments {
  PyObject* const* given;
  Py_ssize_t count;
  PyObject* names;

  bool read(const signature& takes, signature::arguments& out) const { return takes.read(given, count, names, out); }
};

/// A verb, written once for all ways to run it: the kind of exchange it needs; `op`, what that begins with; read(),
/// which reads and checks all arguments into it (false: an exception is set); and result(), which makes a new reference
/// of the answers in it when it has been carried out and settled (null: an exception is set). Both have the GIL.
template <typename Verb>
concept runnable_verb = requires(typename Verb::exchange& x, const call_arguments& given) {
  { Verb::op } -> std::convertible_to<verb>;
  { Verb::read(x, given) } -> std::same_as<bool>;
  { Verb::result(x) } -> std::same_as<PyObject*>;
};

/// What a method does: a new reference, or null with an exception set, or a C++ exception.
using method_body = PyObject* (*)(PyObject* self, const call_arguments& given);

/// A method as the interpreter calls it. No C++ exception leaves it.
template <method_body Body>
PyObject* enter_method(PyObject* self, PyObject* const* given, Py_ssize_t count, PyObject* names) noexcept {
  try {
    return Body(self, {given, count, names});
  } catch (...) {
    raise_current();
    return nullptr;
  }
}

template <method_body Body>
PyMethodDef method(const char* name, const char* doc) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&enter_method<Body>)),
          METH_FASTCALL | METH_KEYWORDS, doc};
}

/// `Verb`, run by `Driver`.
template <typename Driver, runnable_verb Verb>
PyMethodDef method(const char* name, const char* doc) {
  return method<&Driver::template call<Verb>>(name, doc);
}

/// The body of a method that needs nothing but the client.
template <PyObject* (*Body)(bound_client& client, const call_arguments& given)>
PyObject* with_client(PyObject* self, const call_arguments& given) {
  bound_client* const client = client_of(self);
  return client == nullptr ? nullptr : Body(*client, given);
}

/// Lists of methods, each ended by an empty one. Static: descriptors point into them. Each is made for the drivers that
/// are named at the end of its file.
template <typename Driver>
PyMethodDef* single_verbs();  ///< about one key
template <typename Driver>
PyMethodDef* store_verbs(bool with_flags);  ///< about one key, carrying a value; StringClient's take flags
template <typename Driver>
PyMethodDef* multi_verbs(bool with_flags);  ///< about many keys
template <typename Driver>
PyMethodDef* server_verbs();  ///< asking all servers
PyMethodDef* client_verbs();  ///< about the client itself; they ask no server

/// Puts `Driver`'s verbs on `type` as method descriptors.
///
/// On the class itself, not on a base: the interpreter's fast call of a method descriptor asks for the exact type.
/// `with_flags`: the stores take the caller's flags after `time`. False: an exception is set.
template <typename Driver>
bool install_verbs(PyTypeObject* type, bool with_flags);

}  // namespace cmemcache::python
