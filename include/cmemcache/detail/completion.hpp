#pragma once

#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/system_executor.hpp>

#include <cmemcache/detail/pool.hpp>
#include <cmemcache/error.hpp>

namespace cmemcache::detail {

/// Whoever waits for one asynchronous call, the type of its handler forgotten. Made by the initiating function, owned by
/// the call, and destroyed by the one of its members that is called.
template <class... Results>
class completion {
 public:
  /// Frees the handler's memory, then passes the results to the handler, on its executor. Called on `here`.
  virtual void complete(const boost::asio::any_io_executor& here, error_code ec, Results... results) = 0;

  /// The handler is destroyed without a call: its execution context is going away.
  virtual void discard() noexcept = 0;

 protected:
  ~completion() = default;
};

/// The completion of a handler: memory from its associated allocator, and work for its associated executor until it is
/// called. (The client's own executor has work by the waits that are under way on it.)
template <class Handler, class... Results>
class handler_completion final : public completion<Results...> {
 public:
  static completion<Results...>* make(Handler&& handler, const boost::asio::any_io_executor& here) {
    allocator memory(boost::asio::get_associated_allocator(handler, pool_allocator<void>()));
    handler_completion* const at = traits::allocate(memory, 1);
    try {
      return new (static_cast<void*>(at)) handler_completion(std::move(handler), here);
    } catch (...) {
      traits::deallocate(memory, at, 1);
      throw;
    }
  }

  void complete(const boost::asio::any_io_executor& here, error_code ec, Results... results) override {
    if (!elsewhere_) return release()(ec, std::move(results)...);
    const executor there = boost::asio::get_associated_executor(handler_, here);
    const auto work = std::move(elsewhere_);
    boost::asio::dispatch(there, boost::asio::append(release(), ec, std::move(results)...));
  }

  void discard() noexcept override { release(); }

 private:
  using executor = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;
  using associated = boost::asio::associated_allocator_t<Handler, pool_allocator<void>>;
  using allocator = typename std::allocator_traits<associated>::template rebind_alloc<handler_completion>;
  using traits = std::allocator_traits<allocator>;

  // Whether it names an executor: most do not.
  static constexpr bool has_executor =
      !std::is_same_v<executor, boost::asio::any_io_executor> ||
      !std::is_same_v<boost::asio::associated_executor_t<Handler, boost::asio::system_executor>, boost::asio::system_executor>;

  handler_completion(Handler&& handler, const boost::asio::any_io_executor& here) : handler_(std::move(handler)) {
    if constexpr (!has_executor) return;
    const executor there = boost::asio::get_associated_executor(handler_, here);
    if (!same(there, here)) elsewhere_.emplace(there);
  }

  static bool same(const executor& there, const boost::asio::any_io_executor& here) noexcept {
    if constexpr (std::is_same_v<executor, boost::asio::any_io_executor>) return there == here;
    else return false;
  }

  // The memory goes back before the handler is called, which may want it for its next call.
  Handler release() {
    allocator memory(boost::asio::get_associated_allocator(handler_, pool_allocator<void>()));
    Handler handler(std::move(handler_));
    this->~handler_completion();
    traits::deallocate(memory, this, 1);
    return handler;
  }

  Handler handler_;
  std::optional<boost::asio::executor_work_guard<executor>> elsewhere_;  // where the handler is to be called, if not here
};

template <class Signature>
struct completion_of;
template <class... Results>
struct completion_of<void(error_code, Results...)> {
  using type = completion<Results...>;
  template <class Handler>
  using of = handler_completion<Handler, Results...>;
};

}  // namespace cmemcache::detail
