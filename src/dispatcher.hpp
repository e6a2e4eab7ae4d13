#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "driver.hpp"
#include "net/deadline.hpp"
#include "operation.hpp"
#include "pipeline.hpp"
#include "roster.hpp"

namespace cmemcache {

/// Carries out operations on pipelined connections: gives each part to a pipeline, minds the deadlines, and hands over what
/// is over. It does no waiting of its own (see driver), and one caller at a time may use it.
///
///     submit ─▶ route: a part per server ─▶ pipelines ─▶ part_done ─▶ over ─▶ driver::deliver
///                  ▲                                          │ again (another server, a new connection)
///                  └──────────────────────────────────────────┘
class dispatcher final : private watcher {
 public:
  dispatcher(std::shared_ptr<cmemcache::roster> servers, driver& waits);
  ~dispatcher();
  dispatcher(const dispatcher&) = delete;
  dispatcher& operator=(const dispatcher&) = delete;

  /// Takes `op` over. Nothing is sent before turn(). `now`: one look at the clock will do for many.
  void submit(operation& op, net::time_point now) noexcept;

  /// Sends what waits, has the driver wait for what is to come, and delivers what is over. After every other call.
  void turn() noexcept;

  /// The time that driver::wake_at was told has come.
  void wake() noexcept;

  /// Ends an operation with operation_aborted, if it is still here. One that is written and leaves traces is spared with
  /// `only_without_traces`.
  void cancel(std::uint64_t id, bool only_without_traces) noexcept;

  /// Closes the connections, each as soon as nothing is under way on it.
  void disconnect_all();

  /// Ends everything with operation_aborted, and closes the connections.
  void close() noexcept;

  /// How many operations are under way.
  std::size_t size() const noexcept { return size_; }

 private:
  friend class pipeline;

  // The pipelines' side.
  void part_done(part& p, net::time_point now) noexcept;
  void part_over(part& p) noexcept;   // the same where all of it has its answer, which was tallied
  void drop(operation& op) noexcept;
  void go_on_later(pipeline& p);
  void mind(pipeline& p) noexcept;
  void forget(pipeline& p) noexcept;

  // Several connections to one server, if the options say so.
  struct lanes {
    std::shared_ptr<server_link> link;
    std::vector<std::unique_ptr<pipeline>> all;
  };

  void begin(operation& op, net::time_point now);
  void hold(operation& op, std::shared_ptr<cluster_lookup> until);
  void go_on_with_held();
  void ready(bool, bool) override { go_on_with_held(); }
  void given_up() override { go_on_with_held(); }
  void route(operation& op, std::span<protocol::element> todo, bool stay, net::time_point now);
  void route_to_all(operation& op, net::time_point now);
  void enqueue(operation& op, part& p);
  pipeline& least_loaded(operation& op, std::size_t server);
  lanes& lanes_of(const server_pool& servers, std::size_t server);
  void adopt(const std::shared_ptr<server_pool>& servers);
  void again(part& p, net::time_point now);
  void blame(operation& op, std::size_t server);

  void expire(operation& op, net::time_point now) noexcept;
  void abandon(operation& op, error_code why) noexcept;
  void finish(operation& op) noexcept;
  void arm();
  template <class Work>
  void for_each_pipeline(Work&& work);

  const std::shared_ptr<cmemcache::roster> roster_;
  driver& driver_;
  pipeline* minded_ = nullptr;             // those with a next_tick(), and those that something has happened to
  std::map<const server_link*, lanes> lanes_;  // a call that goes on with old servers may add some at any time
  std::shared_ptr<server_pool> current_;
  std::uint64_t version_ = 0;              // of the roster, when current_ was taken
  std::vector<lanes*> by_server_;          // of current_
  std::unordered_map<std::uint64_t, operation*> by_id_;
  std::vector<pipeline*> waiting_;         // to go on
  std::shared_ptr<cluster_lookup> awaited_;  // which the driver watches
  std::vector<operation*> held_;           // until it is finished
  operation* earliest_ = nullptr;          // by deadline
  operation* latest_ = nullptr;
  std::size_t size_ = 0;
  operation_list over_;
  net::time_point armed_ = net::time_point::max();
};

}  // namespace cmemcache
