#include "gil.hpp"

#include <unistd.h>

#include <cxxabi.h>

namespace cmemcache::python {

namespace {

thread_local bool is_tearing_down = false;

}  // namespace

void stay_outside() noexcept {
  for (;;) pause();
}

// Python's own PyGILState_Check() says yes to everybody when the end is near.
bool is_left_outside() noexcept { return _Py_IsFinalizing() && !is_tearing_down; }

void tears_down() noexcept { is_tearing_down = true; }

void let_go(PyObject* object) noexcept {
  if (is_left_outside()) [[unlikely]]
    return;
  try {
    Py_DECREF(object);
  } catch (abi::__forced_unwind&) {
    stay_outside();
  }
}

void let_go(std::span<PyObject* const> objects) noexcept {
  if (is_left_outside()) [[unlikely]]
    return;
  try {
    for (PyObject* object : objects) Py_XDECREF(object);
  } catch (abi::__forced_unwind&) {
    stay_outside();
  }
}

void gil_exit::enter() noexcept {
  try {
    PyEval_RestoreThread(thread_);
  } catch (abi::__forced_unwind&) {
    stay_outside();
  }
}

bool gil_exit::ask_signals(void* context) noexcept {
  auto& self = *static_cast<gil_exit*>(context);
  self.enter();
  if (!self.signal_raised_) self.signal_raised_ = PyErr_CheckSignals() != 0;
  self.leave();
  return self.signal_raised_;
}

}  // namespace cmemcache::python
