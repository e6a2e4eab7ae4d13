#pragma once

#include <initializer_list>

#include "arguments.hpp"
#include "client.hpp"
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

/// A verb: a new reference, or null with an exception set, or a C++ exception.
using verb_body = PyObject* (*)(PyObject* self, bound_client& client, const call_arguments& given);

/// A verb as the interpreter calls it. No C++ exception leaves it.
template <verb_body Body>
PyObject* enter_verb(PyObject* self, PyObject* const* given, Py_ssize_t count, PyObject* names) noexcept {
  try {
    bound_client* const client = client_of(self);
    return client == nullptr ? nullptr : Body(self, *client, {given, count, names});
  } catch (...) {
    raise_current();
    return nullptr;
  }
}

template <verb_body Body>
PyMethodDef method(const char* name, const char* doc) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&enter_verb<Body>)),
          METH_FASTCALL | METH_KEYWORDS, doc};
}

/// Lists of methods, each ended by an empty one. Static: descriptors point into them.
PyMethodDef* single_verbs();                ///< about one key
PyMethodDef* store_verbs(bool with_flags);  ///< about one key, carrying a value; StringClient's take flags
PyMethodDef* multi_verbs(bool with_flags);  ///< about many keys
PyMethodDef* server_verbs();                ///< about servers

/// Puts all verbs on `type`, a class below ClientBase, as method descriptors.
///
/// On the class itself, not on a base: the interpreter's fast call of a method descriptor asks for the exact type.
/// `with_flags`: the stores take the caller's flags after `time`. False: an exception is set.
bool install_verbs(PyTypeObject* type, bool with_flags);

}  // namespace cmemcache::python
