#include "gil.hpp"

#include <unistd.h>

#include <cxxabi.h>

namespace cmemcache::python {

void stay_outside() noexcept {
  for (;;) pause();
}

bool is_left_outside() noexcept { return _Py_IsFinalizing() && !PyGILState_Check(); }

void let_go(PyObject* object) noexcept {
  if (is_left_outside()) [[unlikely]]
    return;
  try {
    Py_DECREF(object);
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
