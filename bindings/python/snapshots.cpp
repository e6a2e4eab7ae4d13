#include "snapshots.hpp"

namespace cmemcache::python {

// No code runs meanwhile that could change the dict.
bool pairs::take_dict(PyObject* dict) {
  const auto size = static_cast<std::size_t>(PyDict_GET_SIZE(dict));
  keys_.resize(size);
  values_.resize(size);
  Py_ssize_t at = 0;
  for (std::size_t i = 0; i < size && PyDict_Next(dict, &at, &keys_[i], &values_[i]); ++i) {
    Py_INCREF(keys_[i]);
    Py_INCREF(values_[i]);
  }
  return true;
}

bool pairs::take_other(PyObject* mapping) {
  const reference listed = reference::owning(PyMapping_Keys(mapping));
  if (!listed) {
    if (PyErr_ExceptionMatches(PyExc_AttributeError))
      PyErr_Format(PyExc_TypeError, "set_multi() takes a mapping of keys to values, not %s", Py_TYPE(mapping)->tp_name);
    return false;
  }
  snapshot keys;
  if (!keys.take(listed.get())) return false;
  reserve(keys.objects().size());
  for (PyObject* key : keys.objects()) {
    PyObject* const value = PyObject_GetItem(mapping, key);
    if (value == nullptr) return false;
    keys_.push_back(Py_NewRef(key));
    values_.push_back(value);
  }
  return true;
}

void pairs::reserve(std::size_t size) {
  keys_.reserve(size);
  values_.reserve(size);
}

}  // namespace cmemcache::python
