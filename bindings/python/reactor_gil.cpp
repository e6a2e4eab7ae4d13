#include "reactor_gil.hpp"

#include <cxxabi.h>

#include <optional>

namespace cmemcache::python {

namespace {

PyGILState_STATE ensure() noexcept {
  try {
    return PyGILState_Ensure();
  } catch (abi::__forced_unwind&) {
    stay_outside();
  }
}

// This thread's state in Python, outside whenever no batch is under way.
struct thread_state {
  thread_state() : made(ensure()) { exit.leave(); }
  ~thread_state() {
    if (!Py_IsInitialized() || _Py_IsFinalizing()) return;
    exit.enter();
    PyGILState_Release(made);
  }

  PyGILState_STATE made;
  gil_exit exit;
};

thread_state& this_thread() {
  thread_local std::optional<thread_state> state;
  if (!state) state.emplace();
  return *state;
}

}  // namespace

reactor_gil::reactor_gil() { this_thread().exit.enter(); }
reactor_gil::~reactor_gil() { this_thread().exit.leave(); }

}  // namespace cmemcache::python
