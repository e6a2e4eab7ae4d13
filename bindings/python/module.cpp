#include <boost/python/class.hpp>
#include <boost/python/def.hpp>
#include <boost/python/docstring_options.hpp>
#include <boost/python/exception_translator.hpp>
#include <boost/python/init.hpp>
#include <boost/python/module.hpp>
#include <boost/python/scope.hpp>

#include <cmemcache/version.hpp>

#include "blocking.hpp"
#include "async_engines.hpp"
#include "asynchronous.hpp"
#include "blocking.hpp"
#include "client.hpp"
#include "errors.hpp"
#include "instance.hpp"
#include "loop_future.hpp"
#include "verbs.hpp"

// The module and its class. Only this file and instance.cpp see Boost.Python.

namespace cmemcache::python {

namespace {

bool install(PyTypeObject* type, std::initializer_list<PyMethodDef*> lists) {
  for (PyMethodDef* method : lists)
    for (; method->ml_name != nullptr; ++method) {
      const reference descriptor = reference::owning(PyDescr_NewMethod(type, method));
      if (!descriptor) return false;
      if (PyObject_SetAttrString(reinterpret_cast<PyObject*>(type), method->ml_name, descriptor.get()) != 0)
        return false;
    }
  return true;
}

}  // namespace

template <typename Driver>
bool install_verbs(PyTypeObject* type, bool with_flags) {
  return install(type, {single_verbs<Driver>(), store_verbs<Driver>(with_flags), multi_verbs<Driver>(with_flags),
                        server_verbs<Driver>()});
}

namespace {

// Boost calls it while it handles an exception that a constructor threw.
template <typename Exception>
void translate(const Exception&) {
  raise_current();
}

// Python's side of install_verbs: `type` is below `Base`, which brings the verbs' C++ half.
template <typename Driver, typename Base>
PyTypeObject* install_on(const boost::python::object& type, bool with_flags) {
  namespace bp = boost::python;
  PyTypeObject* const base = bp::converter::registered<Base>::converters.get_class_object();
  auto* const wanted = reinterpret_cast<PyTypeObject*>(type.ptr());
  const bool below = PyType_Check(type.ptr()) && PyType_IsSubtype(wanted, base);
  if (!below) PyErr_Format(PyExc_TypeError, "these verbs go on classes below %s", base->tp_name);
  if (!below || !install_verbs<Driver>(wanted, with_flags)) bp::throw_error_already_set();
  return wanted;
}

void install_blocking(const boost::python::object& type, bool with_flags) {
  PyTypeObject* const on = install_on<blocking, bound_client>(type, with_flags);
  if (!install(on, {client_verbs()})) boost::python::throw_error_already_set();
}

void install_futures(const boost::python::object& type, bool with_flags) { install_on<as_future, front>(type, with_flags); }

void install_awaitables(const boost::python::object& type, bool with_flags) {
  install_on<as_awaitable, front>(type, with_flags);
}

// What is under way through a front, or for a client that goes away.
void end(PyObject* client) {
  if (bound_client* const c = client_in(client)) c->end();
  else PyErr_Clear();  // its __init__ failed
}

async_engines& engines_of(PyObject* client) {
  bound_client* const c = client_in(client);
  if (c == nullptr) boost::python::throw_error_already_set();
  return c->asynchronous();
}

void close_futures(PyObject* client) { engines_of(client).close_futures(); }
void close_loops(PyObject* client) { engines_of(client).close_loops(); }

void take_back(PyObject* handle, std::uint64_t id) { withdraw(handle, id); }

}  // namespace
}  // namespace cmemcache::python

BOOST_PYTHON_MODULE(_cmemcache) {
  namespace bp = boost::python;
  using namespace cmemcache::python;

  if (!import_errors() || !import_loop_futures()) bp::throw_error_already_set();
  bp::register_exception_translator<python_error_set>(&translate<python_error_set>);
  bp::register_exception_translator<cmemcache::error>(&translate<cmemcache::error>);

  const bp::docstring_options docs(true, false, false);
  bp::scope module;
  module.attr("__doc__") = "The C++ half of cmemcache.";
  module.attr("version") = cmemcache::library_version;

  const bp::object base = bp::class_<bound_client, boost::noncopyable>(
      "ClientBase", "What the client classes share in C++.", bp::init<PyObject*, PyObject*>());
  make_collectable(reinterpret_cast<PyTypeObject*>(base.ptr()));
  const bp::object way = bp::class_<front, boost::noncopyable>(
      "FrontBase", "What the ways to call a client that do not block share in C++.",
      bp::init<PyObject*, bool, PyObject*>());
  make_collectable(reinterpret_cast<PyTypeObject*>(way.ptr()));
  bp::def("install_verbs", &install_blocking,
          "install_verbs(type, with_flags): puts the verbs that block on a class below ClientBase itself.");
  bp::def("install_futures", &install_futures,
          "install_futures(type, with_flags): puts those that return futures on a class below FrontBase itself.");
  bp::def("install_awaitables", &install_awaitables,
          "install_awaitables(type, with_flags): puts those to be awaited on a class below FrontBase itself.");
  bp::def("end", &end, "end(client): the client goes away: what is under way fails with ClosedError.");
  bp::def("close_futures", &close_futures, "close_futures(client): ends its futures, their thread and connections.");
  bp::def("close_loops", &close_loops, "close_loops(client): ends its awaitables and their connections.");
  bp::def("withdraw", &take_back, "withdraw(handle, id): takes the call of a future back.");
  bp::def("refuse_new_threads", &refuse_new_threads, "refuse_new_threads(): the interpreter is about to end.");
}
