#include <boost/python/class.hpp>
#include <boost/python/def.hpp>
#include <boost/python/docstring_options.hpp>
#include <boost/python/exception_translator.hpp>
#include <boost/python/init.hpp>
#include <boost/python/module.hpp>
#include <boost/python/scope.hpp>

#include <cmemcache/version.hpp>

#include "blocking.hpp"
#include "client.hpp"
#include "errors.hpp"
#include "instance.hpp"
#include "verbs.hpp"

// The module and its class. Only this file and instance.cpp see Boost.Python.

namespace cmemcache::python {

bool install_verbs(PyTypeObject* type, bool with_flags) {
  PyMethodDef* const lists[] = {single_verbs<blocking>(), store_verbs<blocking>(with_flags),
                                multi_verbs<blocking>(with_flags), server_verbs<blocking>(), client_verbs()};
  for (PyMethodDef* method : lists)
    for (; method->ml_name != nullptr; ++method) {
      const reference descriptor = reference::owning(PyDescr_NewMethod(type, method));
      if (!descriptor) return false;
      if (PyObject_SetAttrString(reinterpret_cast<PyObject*>(type), method->ml_name, descriptor.get()) != 0)
        return false;
    }
  return true;
}

namespace {

// Boost calls it while it handles an exception that a constructor threw.
template <typename Exception>
void translate(const Exception&) {
  raise_current();
}

void install_on(const boost::python::object& type, bool with_flags) {
  namespace bp = boost::python;
  PyTypeObject* const base = bp::converter::registered<bound_client>::converters.get_class_object();
  auto* const wanted = reinterpret_cast<PyTypeObject*>(type.ptr());
  const bool below = PyType_Check(type.ptr()) && PyType_IsSubtype(wanted, base);
  if (!below) PyErr_SetString(PyExc_TypeError, "verbs go on classes below ClientBase");
  if (!below || !install_verbs(wanted, with_flags)) bp::throw_error_already_set();
}

}  // namespace
}  // namespace cmemcache::python

BOOST_PYTHON_MODULE(_cmemcache) {
  namespace bp = boost::python;
  using namespace cmemcache::python;

  if (!import_errors()) bp::throw_error_already_set();
  bp::register_exception_translator<python_error_set>(&translate<python_error_set>);
  bp::register_exception_translator<cmemcache::error>(&translate<cmemcache::error>);

  const bp::docstring_options docs(true, false, false);
  bp::scope module;
  module.attr("__doc__") = "The C++ half of cmemcache.";
  module.attr("version") = cmemcache::library_version;

  const bp::object base = bp::class_<bound_client, boost::noncopyable>(
      "ClientBase", "What the client classes share in C++.", bp::init<PyObject*, PyObject*>());
  make_collectable(reinterpret_cast<PyTypeObject*>(base.ptr()));
  bp::def("install_verbs", &install_on,
          "install_verbs(type, with_flags): puts the verbs on a class below ClientBase itself.");
}
