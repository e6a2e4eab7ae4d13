#include "arguments.hpp"

#include <datetime.h>

#include <ctime>

namespace cmemcache::python {

namespace {

constexpr std::int64_t longest_time = 0x7fffffff;
constexpr std::int64_t longest_relative = 60 * 60 * 24 * 30;  // what is above it memcached takes for a Unix time

std::int64_t seconds_of(PyObject* delta) {
  std::int64_t seconds =
      static_cast<std::int64_t>(PyDateTime_DELTA_GET_DAYS(delta)) * 86400 + PyDateTime_DELTA_GET_SECONDS(delta);
  if (seconds >= 0 && PyDateTime_DELTA_GET_MICROSECONDS(delta) > 0) ++seconds;
  if (seconds > longest_relative) seconds += std::time(nullptr);
  return seconds;
}

bool is_delta(PyObject* object) {
  if (PyDateTimeAPI == nullptr) PyDateTime_IMPORT;
  return PyDateTimeAPI != nullptr && PyDelta_Check(object);
}

}  // namespace

Py_ssize_t signature::find(PyObject* name) const {
  for (Py_ssize_t i = 0; i < count_; ++i)
    if (interned_[i] == name) return i;
  for (Py_ssize_t i = 0; i < count_; ++i)
    if (PyUnicode_Compare(interned_[i], name) == 0) return i;
  return -1;
}

bool signature::read_named(PyObject* const* given, Py_ssize_t count, PyObject* names, arguments& out) const {
  for (Py_ssize_t i = 0; i < count_; ++i) {
    if (interned_[i] == nullptr) interned_[i] = PyUnicode_InternFromString(names_[i]);
    if (interned_[i] == nullptr) return false;
  }
  if (count > count_) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %zd arguments (%zd given)", verb_, count_, count);
    return false;
  }
  for (Py_ssize_t i = 0; i < count_; ++i) out[i] = i < count ? given[i] : nullptr;

  const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
  for (Py_ssize_t i = 0; i < named; ++i) {
    PyObject* const name = PyTuple_GET_ITEM(names, i);
    const Py_ssize_t at = find(name);
    if (at < 0 || out[at] != nullptr) {
      PyErr_Format(PyExc_TypeError,
                   at < 0 ? "%s() got an unexpected keyword argument '%U'" : "%s() got two values for argument '%U'",
                   verb_, name);
      return false;
    }
    out[at] = given[count + i];
  }
  for (Py_ssize_t i = 0; i < required_; ++i) {
    if (out[i] != nullptr) continue;
    PyErr_Format(PyExc_TypeError, "%s() misses its argument '%s'", verb_, names_[i]);
    return false;
  }
  return true;
}

bool read_time(PyObject* time, std::int64_t& out) {
  out = 0;
  if (time == nullptr) return true;
  std::int64_t seconds;
  if (PyLong_Check(time)) {
    int overflow = 0;
    seconds = PyLong_AsLongLongAndOverflow(time, &overflow);
    if (overflow != 0) seconds = overflow < 0 ? -1 : longest_time;
  } else if (is_delta(time)) {
    seconds = seconds_of(time);
  } else {
    if (PyErr_Occurred() == nullptr)
      PyErr_Format(PyExc_TypeError, "time must be an int (seconds) or a timedelta, not %s", Py_TYPE(time)->tp_name);
    return false;
  }
  out = seconds < 0 ? -1 : seconds > longest_time ? longest_time : seconds;
  return true;
}

bool read_unsigned(PyObject* number, const char* name, std::uint64_t limit, std::uint64_t& out) {
  if (number == nullptr) return true;
  if (!PyLong_Check(number)) {
    PyErr_Format(PyExc_TypeError, "%s must be an int, not %s", name, Py_TYPE(number)->tp_name);
    return false;
  }
  const std::uint64_t value = PyLong_AsUnsignedLongLong(number);
  const bool unread = value == static_cast<std::uint64_t>(-1) && PyErr_Occurred() != nullptr;
  if (unread || value > limit) {
    PyErr_Clear();
    PyErr_Format(PyExc_ValueError, "%s must be from 0 to %llu, not %R", name, static_cast<unsigned long long>(limit),
                 number);
    return false;
  }
  out = value;
  return true;
}

bool read_length(PyObject* number, const char* name, Py_ssize_t& out) {
  if (number == nullptr) return true;
  if (!PyLong_Check(number)) {
    PyErr_Format(PyExc_TypeError, "%s must be an int, not %s", name, Py_TYPE(number)->tp_name);
    return false;
  }
  out = PyNumber_AsSsize_t(number, nullptr);  // one that is too large is the largest
  return out != -1 || PyErr_Occurred() == nullptr;
}

bool read_flag(PyObject* object, bool& out) {
  if (object == nullptr) return true;
  const int truth = PyObject_IsTrue(object);
  out = truth > 0;
  return truth >= 0;
}

}  // namespace cmemcache::python
