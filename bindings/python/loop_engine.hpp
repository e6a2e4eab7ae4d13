#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "dispatcher.hpp"
#include "driver.hpp"
#include "loop_standing.hpp"
#include "net/fork_guard.hpp"
#include "reference.hpp"
#include "roster.hpp"

namespace cmemcache::python {

/// A dispatcher on an asyncio event loop, which watches the connections itself: no thread, no lock, no wake-up from
/// elsewhere. What is submitted in one turn of the loop is sent together at the end of it; what is submitted while nothing
/// is under way is sent at once, and what those submit who were woken by an answer when all of them have gone on.
///
/// Nobody tells of a loop's end: engines of closed loops end when one is made for another, whoever has them.
///
/// Used with the GIL held, and on the loop's thread but for the members that say otherwise. The loop's methods are Python
/// code: while one is called other threads run, and finalizers, which may call for anything here. What cannot be done in
/// the middle of something else is done after it.
class loop_engine final : public driver, public std::enable_shared_from_this<loop_engine> {
 public:
  /// For `loop`, which is running. A failure throws python_error_set.
  static std::shared_ptr<loop_engine> make(PyObject* loop, std::shared_ptr<roster> servers);
  ~loop_engine();

  bool is_of(PyObject* loop) const noexcept { return loop_.get() == loop && !ended_; }

  PyObject* loop() const noexcept { return loop_.get(); }

  /// Any thread.
  bool has_ended() const noexcept { return ended_; }

  /// It belongs to the parent of this process. Any thread.
  bool is_inherited() const noexcept { return generation_ != net::fork_generation(); }

  /// For the calls under way.
  loop_standing& standing() noexcept { return standing_; }

  /// Takes `op` over. The caller holds us meanwhile.
  void submit(operation& op);

  /// See dispatcher. Any thread: from another than the loop's, while the loop runs, it happens there a little later.
  void disconnect_all() noexcept;

  /// Ends what is under way with ClosedError, and closes the connections. Any thread, in the same way.
  void close() noexcept;

  // What the loop calls.
  void ready(int fd, bool writable);
  void turn();
  void wake();

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
  template <class Work>
  void go_round(Work&& work);
  void deliver_all() noexcept;
  void take_in() noexcept;
  void call_for_turn() noexcept;
  void disconnect() noexcept;
  void end() noexcept;
  static void end_those_of_closed_loops();
  bool is_loop_closed() const noexcept;
  bool runs_elsewhere() const noexcept;
  template <void (loop_engine::*Work)() noexcept>
  bool happens_there() noexcept;
  void tell(PyObject* method, int fd, PyObject* callback) const;
  void tell_quietly(PyObject* method, int fd) const noexcept;

  const std::uint64_t generation_;
  net::parents_descriptors parents_;
  reference loop_;
  // Of the loop, bound, and of ourselves: weak, so that a loop that still has them keeps nothing alive.
  reference add_reader_, remove_reader_, add_writer_, remove_writer_, call_soon_, call_at_, time_;
  reference on_readable_, on_writable_, on_turn_, on_time_;
  loop_standing standing_;
  std::unordered_map<int, watched> watched_;
  reference timer_;
  net::time_point timer_at_ = net::time_point::max();
  operation_list inbox_;       // submitted while we were busy, or delivered
  operation_list over_;        // to be delivered
  bool delivering_ = false;
  bool turn_is_due_ = false;
  bool busy_ = false;          // in the dispatcher
  bool missed_ = false;        // something came while we were busy
  bool to_be_ended_ = false;
  bool ended_ = false;
  dispatcher dispatcher_;
};

}  // namespace cmemcache::python
