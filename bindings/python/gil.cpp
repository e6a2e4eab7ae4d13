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

namespace {

// `work` may run destructors of Python's, in which this thread may be ended.
template <class Work>
void unless_left_outside(Work&& work) noexcept {
  if (is_left_outside()) [[unlikely]]
    return;
  try {
    work();
  } catch (abi::__forced_unwind&) {
    stay_outside();
  }
}

}  // namespace

void let_go(PyObject* object) noexcept {
  unless_left_outside([&] { Py_DECREF(object); });
}

void let_go(std::span<PyObject* const> objects) noexcept {
  unless_left_outside([&] {
    for (PyObject* object : objects) Py_XDECREF(object);
  });
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
