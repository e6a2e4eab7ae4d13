#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "dispatcher.hpp"
#include "driver.hpp"
#include "net/fork_guard.hpp"
#include "operation.hpp"
#include "roster.hpp"

namespace cmemcache {

/// A dispatcher on an executor: Asio waits for its descriptors and its time, and calls may come from any thread.
///
/// Submitters put operations into an inbox; whoever finds it empty has the dispatcher's strand look into it. Everything of
/// the dispatcher's happens on that strand; what is over is completed on the executor itself, a batch at a time.
/// Shared by its owner and the handlers that are under way; close() ends it.
class async_engine final : public driver, public std::enable_shared_from_this<async_engine> {
 public:
  using executor_type = boost::asio::any_io_executor;

  /// Whose the context is that `ex` belongs to. A forked child goes on with a user's, whom Asio makes notify it of the fork,
  /// and leaves its connections there. Of our own it uses nothing more, and the connections are closed at once.
  enum class context : std::uint8_t { users, our_own };

  async_engine(executor_type ex, std::shared_ptr<cmemcache::roster> servers, context whose = context::users);

  /// Has somebody else complete and release what is over: on the strand, a batch at a time. Before the first submission.
  void deliver_to(std::function<void(operation_list)> deliverer) { deliverer_ = std::move(deliverer); }
  ~async_engine();

  const executor_type& get_executor() const noexcept { return executor_; }
  cmemcache::roster& roster() const noexcept { return *roster_; }

  /// Takes `op` over; it completes on the executor. Any thread. Throws std::bad_alloc, and has not taken it then.
  void submit(operation& op);

  /// See dispatcher::cancel. Any thread; of an operation that is over, nothing happens.
  void cancel(std::uint64_t id, bool only_without_traces);

  /// Never 0.
  std::uint64_t next_id() noexcept { return ids_.fetch_add(1, std::memory_order_relaxed) + 1; }

  void disconnect_all();

  /// Completes everything under way with operation_aborted, later submissions with errc::closed. Any thread.
  void close();

 private:
  using strand = boost::asio::strand<executor_type>;
  using descriptor = boost::asio::posix::basic_stream_descriptor<strand>;
  using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                                  executor_type>;

  // A descriptor that is waited on. Asio waits once each time; as long as it is wanted, again.
  struct watched {
    watched(const strand& ex, int fd, watcher& who) : fd(ex, fd), who(&who) {}

    descriptor fd;
    watcher* who;                    // null: forgotten
    bool wanted[2] = {false, false};   // to read, to write
    bool waiting[2] = {false, false};
  };

  void watch(int fd, watcher& who, bool readable, bool writable) override;
  void forget(int fd) noexcept override;
  void wake_at(net::time_point when) override;
  void deliver(operation_list over) override;

  void time_has_come();
  void wait(const std::shared_ptr<watched>& w);
  void wait_again(const std::shared_ptr<watched>& w);
  template <class Work>
  void on_strand(Work work);
  void take_in();
  void leave_what_is_inherited() noexcept;

  const executor_type executor_;
  const std::shared_ptr<cmemcache::roster> roster_;
  strand strand_;
  timer timer_;
  std::unordered_map<int, std::shared_ptr<watched>> watched_;
  dispatcher dispatcher_;
  std::atomic<std::uint64_t> ids_{0};
  std::function<void(operation_list)> deliverer_;
  net::time_point timer_at_ = net::time_point::max();

  std::uint64_t generation_;
  std::unique_ptr<net::parents_descriptors> parents_;  // of our own context

  net::fork_guarded_mutex mutex_;  // guards what follows
  operation_list inbox_;
  bool called_ = false;            // take_in() is on its way
  bool closed_ = false;
};

}  // namespace cmemcache
