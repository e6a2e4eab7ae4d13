#pragma once

#include "reference.hpp"

namespace cmemcache::python {

/// The calling thread's way out of the GIL and back, once round an exchange. Lives on the stack of the call.
///
/// Made inside; leave() and enter() alternate and it must be inside again before it is destroyed.
class gil_exit {
 public:
  void leave() noexcept { thread_ = PyEval_SaveThread(); }

  /// Waits for the GIL. A thread that comes back while the interpreter is being torn down stays here for ever: Python
  /// ends such threads by unwinding them, which would run our destructors on objects of a dead interpreter.
  void enter() noexcept;

  /// The blocking engine's hook (`context` is a gil_exit that is outside): runs the handlers of the signals that have
  /// arrived. True: a handler raised, and its exception is set.
  static bool ask_signals(void* context) noexcept;

  /// Whether ask_signals ever found one that raised.
  bool signal_raised() const noexcept { return signal_raised_; }

 private:
  PyThreadState* thread_ = nullptr;
  bool signal_raised_ = false;
};

/// Does `work`, which touches no Python object, without the GIL. What it throws is thrown with the GIL held.
template <typename Work>
void without_gil(Work&& work) {
  struct outside {
    gil_exit exit;
    outside() noexcept { exit.leave(); }
    ~outside() { exit.enter(); }
  } const guard;
  work();
}

}  // namespace cmemcache::python
