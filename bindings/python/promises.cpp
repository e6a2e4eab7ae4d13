#include "promises.hpp"

#include "errors.hpp"
#include "loop_future.hpp"

namespace cmemcache::python {

outcome::outcome(PyObject* value) noexcept : value_(reference::owning(value)) {
  if (value != nullptr) return;
  PyObject *type = nullptr, *exception = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &exception, &traceback);
  PyErr_NormalizeException(&type, &exception, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(exception, traceback);
  exception_ = reference::owning(exception);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
}

// ---- futures

namespace {

bool is_set(PyObject* future, PyObject* question) noexcept {
  const reference answer = reference::owning(PyObject_CallMethodNoArgs(future, question));
  if (!answer) PyErr_Clear();
  return answer.get() == Py_True;
}

}  // namespace

// Whether anybody may have its condition, or a callback on it.
bool future_promise::is_looked_at() const noexcept {
  static PyObject* const looked_at = PyUnicode_InternFromString("_looked_at");
  const reference answer = reference::owning(PyObject_GetAttr(future_.get(), looked_at));
  if (!answer) PyErr_Clear();
  return answer.get() != Py_False;
}

// The first attribute may make a dict, and that have the garbage collector run, and others. From the look on nothing does.
void future_promise::keep(const outcome& became) noexcept {
  static PyObject* const result = PyUnicode_InternFromString("_result");
  static PyObject* const exception = PyUnicode_InternFromString("_exception");
  static PyObject* const state = PyUnicode_InternFromString("_state");
  static PyObject* const finished = PyUnicode_InternFromString("FINISHED");
  try {
    const bool is_result = became.value() != nullptr;
    const bool told = PyObject_SetAttr(future_.get(), is_result ? result : exception,
                                       is_result ? became.value() : became.exception()) == 0;
    if (told && !is_looked_at() && PyObject_SetAttr(future_.get(), state, finished) == 0) return;
    PyErr_Clear();
    set(became);
  } catch (...) {
    raise_current();
  }
}

void future_promise::set(const outcome& became) {
  static PyObject* const set_result = PyUnicode_InternFromString("set_result");
  static PyObject* const set_exception = PyUnicode_InternFromString("set_exception");
  static PyObject* const done = PyUnicode_InternFromString("done");
  const reference told = reference::owning(
      became.value() != nullptr ? PyObject_CallMethodOneArg(future_.get(), set_result, became.value())
                                : PyObject_CallMethodOneArg(future_.get(), set_exception, became.exception()));
  if (told) return;
  if (!PyErr_ExceptionMatches(PyExc_Exception)) return PyErr_WriteUnraisable(future_.get());  // a callback's, to end the thread
  const outcome refusal(nullptr);
  if (is_set(future_.get(), done)) return;  // it was cancelled
  const reference told_that =
      reference::owning(PyObject_CallMethodOneArg(future_.get(), set_exception, refusal.exception()));
  if (!told_that) PyErr_Clear();
}

// ---- awaitables

bool loop_promise::keep(const outcome& became) noexcept {
  return settle(future_.get(), became.value(), became.exception(), loop_);
}

bool loop_promise::is_wanted() const noexcept { return !python::is_cancelled(future_.get()); }
void loop_promise::cancel() noexcept { python::cancel(future_.get()); }

}  // namespace cmemcache::python
