#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "dispatcher.hpp"
#include "driver.hpp"
#include "net/fork_guard.hpp"
#include "reference.hpp"
#include "roster.hpp"

namespace cmemcache::python {

/// A dispatcher on an asyncio event loop, which watches the connections itself: no thread, no lock, no wake-up from
/// elsewhere. What is submitted in one turn of the loop is sent together at the end of it; what is submitted while nothing
/// is under way is sent at once.
///
/// Used with the GIL held, and on the loop's thread but for the members that say otherwise.
class loop_engine final : public driver, public std::enable_shared_from_this<loop_engine> {
 public:
  /// For `loop`, which is running. A failure throws python_error_set.
  static std::shared_ptr<loop_engine> make(PyObject* loop, std::shared_ptr<roster> servers);
  ~loop_engine();

  bool is_of(PyObject* loop) const noexcept { return loop_.get() == loop && !ended_; }

  /// Its loop is closed. Any thread.
  bool is_over() const noexcept;

  /// It belongs to the parent of this process. Any thread.
  bool is_inherited() const noexcept { return generation_ != net::fork_generation(); }

  /// A new future of the loop; null: an exception is set.
  PyObject* create_future() const;

  /// Takes `op` over.
  void submit(operation& op);

  /// Any thread.
  void disconnect_all();

  /// Ends what is under way with ClosedError, and closes the connections. Any thread: from another than the loop's, while
  /// the loop runs, it happens there a little later.
  void close() noexcept;

  // What the loop calls.
  void ready(int fd, bool writable);
  void turn();
  void wake();
  void end() noexcept;

 private:
  explicit loop_engine(std::shared_ptr<roster> servers);

  struct watched {
    watcher* who = nullptr;
    bool reads = false;
    bool writes = false;
  };

  void watch(int fd, watcher& who, bool readable, bool writable) override;
  void forget(int fd) noexcept override;
  void wake_at(net::time_point when) override;
  void deliver(operation_list over) override;

  template <class Work>
  void enter(Work&& work);
  bool runs_elsewhere() const noexcept;
  void tell(PyObject* method, int fd, PyObject* callback) const;
  void tell_quietly(PyObject* method, int fd) const noexcept;

  const std::uint64_t generation_;
  net::parents_descriptors parents_;
  reference loop_;
  unsigned long thread_ = 0;
  // Of the loop, bound, and of ourselves: weak, so that a loop that still has them keeps nothing alive.
  reference add_reader_, remove_reader_, add_writer_, remove_writer_, call_soon_, call_at_, time_, create_future_;
  reference on_readable_, on_writable_, on_turn_, on_time_, on_end_;
  std::unordered_map<int, watched> watched_;
  reference timer_;
  net::time_point timer_at_ = net::time_point::max();
  bool turn_is_due_ = false;
  bool busy_ = false;
  bool to_be_ended_ = false;
  bool ended_ = false;
  dispatcher dispatcher_;
};

}  // namespace cmemcache::python
