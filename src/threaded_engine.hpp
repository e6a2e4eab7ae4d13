#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "operation.hpp"
#include "roster.hpp"

namespace cmemcache {

/// An asynchronous engine with a thread of its own, for those who have no executor and must not see Asio.
///
/// Thread safety: all members but the destructor.
class threaded_engine {
 public:
  /// `deliver` is called on the engine's thread, with all that is over at that moment: it completes and releases each.
  threaded_engine(std::shared_ptr<roster> servers, std::function<void(operation_list)> deliver);

  /// As close(), and waits for the thread to end, unless it is the one that destroys. Not for ever: what is delivered there
  /// may be waiting for something of the caller's. After `patience` the thread is left to end by itself.
  ~threaded_engine();

  static constexpr std::chrono::seconds patience{2};
  threaded_engine(const threaded_engine&) = delete;
  threaded_engine& operator=(const threaded_engine&) = delete;

  /// Takes `op` over; see async_engine.
  void submit(operation& op);

  /// See dispatcher::cancel.
  void cancel(std::uint64_t id);
  std::uint64_t next_id() noexcept;

  void disconnect_all();

  /// Delivers what is under way with operation_aborted, later submissions with errc::closed.
  void close();

  /// Whether it belongs to the parent of this process: then it can be neither used nor destroyed.
  bool is_inherited() const noexcept;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
  const std::uint64_t generation_;
};

}  // namespace cmemcache
