#include "gil.hpp"

#include <unistd.h>

#include <cxxabi.h>

namespace cmemcache::python {

void gil_exit::enter() noexcept {
  try {
    PyEval_RestoreThread(thread_);
  } catch (abi::__forced_unwind&) {
    for (;;) pause();
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
