#pragma once

#include <memory>
#include <vector>

#include "reference.hpp"
#include "roster.hpp"
#include "threaded_engine.hpp"

namespace cmemcache::python {

class loop_engine;

/// The engines behind a client's futures and behind its asyncio calls, made when they are first wanted: one with a thread
/// for all futures, and one for each event loop. In a forked child those of the parent are left alone, and new ones made.
///
/// Used with the GIL held, which is let go of while a thread is waited for.
class async_engines {
 public:
  explicit async_engines(std::shared_ptr<roster> servers) noexcept : roster_(std::move(servers)) {}
  ~async_engines();
  async_engines(const async_engines&) = delete;
  async_engines& operator=(const async_engines&) = delete;

  /// The engine for futures, ended by whoever lets go of it last. After close_for_good(), and while the interpreter ends:
  /// throws python_error_set, ClosedError being set.
  std::shared_ptr<threaded_engine> futures();

  /// What withdraw() needs to find that engine again: a capsule.
  PyObject* futures_handle() const noexcept { return handle_.get(); }

  /// The engine for the calls of `loop`, which is the running one. Throws as futures() does.
  std::shared_ptr<loop_engine> on_loop(PyObject* loop);

  void disconnect_all();

  /// Ends what is under way with ClosedError, and every thread and connection. What comes later begins anew.
  void close() noexcept;
  void close_futures() noexcept;
  void close_loops() noexcept;

  void close_for_good() noexcept {
    closed_ = true;
    close();
  }

 private:
  void refuse_when_closed() const;
  void leave_what_is_inherited() noexcept;

  const std::shared_ptr<roster> roster_;
  bool closed_ = false;
  std::shared_ptr<threaded_engine> futures_;
  reference handle_;
  std::vector<std::shared_ptr<loop_engine>> loops_;
};

/// Takes a future's call back, if it is still under way. `handle`: futures_handle().
void withdraw(PyObject* handle, std::uint64_t id);

/// The interpreter is about to end, on this thread: no other is begun any more.
void refuse_new_threads() noexcept;

}  // namespace cmemcache::python
