#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

namespace cmemcache {

/// An io_context and the thread that runs it, for those who have none: plain C++ with `use_future`, and the futures of
/// Python.
///
/// The thread is started when something is first done with the reactor, sleeps when nothing is to be done, and blocks
/// all signals. A forked child's copy of a reactor has a thread and a context of its own, made on first use; those of its
/// parent it leaves alone.
///
/// Thread safety: all members but the destructor. Clients on a reactor must be destroyed before it; while it is stopped
/// their calls do not complete.
///
///     cmemcache::reactor runs;
///     cmemcache::client mc(runs, {"127.0.0.1:11211"});
///     const cmemcache::reply r = mc.async_get("greeting", boost::asio::use_future).get();
class reactor {
 public:
  using executor_type = boost::asio::any_io_executor;

  reactor();

  /// As stop().
  ~reactor();
  reactor(const reactor&) = delete;
  reactor& operator=(const reactor&) = delete;

  /// The executor whose functions run on the reactor's thread.
  executor_type get_executor();

  /// Ends the thread as soon as the function that it is running returns, and waits for that (from inside such a function
  /// it does not). What was not run never is. May be called again.
  void stop();

 private:
  friend class client;
  friend class threaded_engine;

  struct context;
  std::shared_ptr<context> current();

  // Whoever has something on the context keeps it, stopped or not, until that is gone.
  std::shared_ptr<void> keep();

  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace cmemcache
