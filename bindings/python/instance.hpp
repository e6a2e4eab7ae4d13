#pragma once

#include "client.hpp"

namespace cmemcache::python {

/// The C++ half of `self`, an instance of ClientBase or of a class below it. Null: __init__ was not called, and an
/// exception is set.
///
/// The verbs are descriptors of those classes, so that self has the layout of a Boost.Python instance: this looks into
/// it by itself, and not through the converter registry.
bound_client* client_of(PyObject* self) noexcept;

/// The same of any object. Null, and an exception set, also where it is no client at all.
bound_client* client_in(PyObject* object) noexcept;

/// Has instances of `type`, ClientBase fresh from Boost.Python, take part in garbage collection, which Boost.Python's
/// do not: a client is easily in a cycle, through on_error or its profile. Classes made below it inherit that.
void make_collectable(PyTypeObject* type) noexcept;

}  // namespace cmemcache::python
