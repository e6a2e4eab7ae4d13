#pragma once

#include "reference.hpp"

namespace cmemcache::python {

/// Where a thread stays that wants the GIL while the interpreter is being torn down. Python ends such a thread by
/// unwinding it, wherever it comes back to Python: abi::__forced_unwind. Whoever would go on from there, or let that
/// pass through a function that is noexcept, comes here instead. On the way no destructor may touch Python, which
/// let_go() sees to, and no C++ exception may be being handled, as that cannot be caught on top of one.
[[noreturn]] void stay_outside() noexcept;

/// Whether this thread has been ended so: the interpreter is being torn down, and by another.
bool is_left_outside() noexcept;

/// The interpreter is about to be torn down, by this thread.
void tears_down() noexcept;

/// The calling thread's way out of the GIL and back, once round an exchange. Lives on the stack of the call.
///
/// Made inside; leave() and enter() alternate and it must be inside again before it is destroyed.
class gil_exit {
 public:
  void leave() noexcept { thread_ = PyEval_SaveThread(); }

  /// Waits for the GIL; see stay_outside().
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
