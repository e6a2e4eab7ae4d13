#include "instance.hpp"

#include "front.hpp"

#include <boost/python/converter/registered.hpp>
#include <boost/python/instance_holder.hpp>
#include <boost/python/object/instance.hpp>
#include <boost/python/type_id.hpp>

namespace cmemcache::python {

namespace {

using boost_instance = boost::python::objects::instance<>;

boost_instance& layout_of(PyObject* self) noexcept { return *reinterpret_cast<boost_instance*>(self); }

// The newest, where __init__ was called more than once.
template <typename Held>
Held* held_by(PyObject* self) noexcept {
  const boost::python::type_info wanted = boost::python::type_id<Held>();
  for (auto* holder = layout_of(self).objects; holder != nullptr; holder = holder->next())
    if (void* const held = holder->holds(wanted, false)) return static_cast<Held*>(held);
  return nullptr;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(layout_of(self).dict);
  if (const bound_client* const client = held_by<bound_client>(self)) {
    Py_VISIT(client->key_encoder.get());
    Py_VISIT(client->serializer.get());
  } else if (const front* const way = held_by<front>(self)) {
    Py_VISIT(way->client_object());
    Py_VISIT(way->future_class());
  }
  return 0;
}

int clear(PyObject* self) {
  Py_CLEAR(layout_of(self).dict);
  if (bound_client* const client = held_by<bound_client>(self)) {
    client->key_encoder = {};
    client->serializer = {};
  } else if (front* const way = held_by<front>(self)) {
    way->let_go();
  }
  return 0;
}

void complain_of(PyObject* self) noexcept {
  PyErr_Format(PyExc_RuntimeError, "%s was not initialized: its __init__ has to call that of the client's class",
               Py_TYPE(self)->tp_name);
}

}  // namespace

bound_client* client_of(PyObject* self) noexcept {
  if (bound_client* const client = held_by<bound_client>(self)) [[likely]]
    return client;
  complain_of(self);
  return nullptr;
}

bound_client* client_in(PyObject* object) noexcept {
  PyTypeObject* const base = boost::python::converter::registered<bound_client>::converters.get_class_object();
  if (PyObject_TypeCheck(object, base)) return client_of(object);
  PyErr_Format(PyExc_TypeError, "%R is no client", object);
  return nullptr;
}

front* front_of(PyObject* self) noexcept {
  front* const way = held_by<front>(self);
  if (way != nullptr && way->client_object() != nullptr) [[likely]]
    return way;
  complain_of(self);
  return nullptr;
}

void make_collectable(PyTypeObject* type) noexcept {
  type->tp_flags |= Py_TPFLAGS_HAVE_GC;
  type->tp_free = PyObject_GC_Del;
  type->tp_traverse = traverse;
  type->tp_clear = clear;
}

}  // namespace cmemcache::python
