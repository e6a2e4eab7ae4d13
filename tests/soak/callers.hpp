#pragma once

#include <future>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cmemcache/blocking_client.hpp>
#include <cmemcache/client.hpp>

namespace soak {

namespace asio = boost::asio;
using cmemcache::error_code;

template <class Result>
using answer = asio::awaitable<std::tuple<error_code, Result>>;
using one = answer<cmemcache::reply>;
using many = answer<cmemcache::multi_reply>;
using each = answer<std::vector<cmemcache::server_stats>>;
using keys = std::span<const std::string_view>;
using pairs = std::span<const std::pair<std::string_view, std::string_view>>;

/// A way to call, behind one face: coroutines, which for a blocking client never suspend.
class caller {
 public:
  virtual ~caller() = default;
  virtual one execute(cmemcache::request what) = 0;
  virtual many get_multi(keys k) = 0;
  virtual many set_multi(pairs p) = 0;
  virtual many delete_multi(keys k) = 0;
  virtual each version() = 0;
  virtual each stats() = 0;
  virtual std::optional<std::string> server_for(std::string_view key) const = 0;

  /// Emitted, it cancels the call under way, where the way to call can do that.
  asio::cancellation_signal cancel;
};

/// A store of many expires after this many seconds: its keys are never used again.
constexpr int bulk_exptime = 120;

class blocking_caller final : public caller {
 public:
  explicit blocking_caller(cmemcache::blocking_client& mc) : mc_(mc) {}

  one execute(cmemcache::request what) override {
    error_code ec;
    auto r = mc_.execute(what, ec);
    co_return std::tuple(ec, std::move(r));
  }
  many get_multi(keys k) override {
    error_code ec;
    auto r = mc_.get_multi(k, ec);
    co_return std::tuple(ec, std::move(r));
  }
  many set_multi(pairs p) override {
    error_code ec;
    auto r = mc_.set_multi(p, bulk_exptime, 0, ec);
    co_return std::tuple(ec, std::move(r));
  }
  many delete_multi(keys k) override {
    error_code ec;
    auto r = mc_.delete_multi(k, ec);
    co_return std::tuple(ec, std::move(r));
  }
  each version() override {
    error_code ec;
    auto r = mc_.version(ec);
    co_return std::tuple(ec, std::move(r));
  }
  each stats() override {
    error_code ec;
    auto r = mc_.stats("", ec);
    co_return std::tuple(ec, std::move(r));
  }
  std::optional<std::string> server_for(std::string_view key) const override { return mc_.server_for(key); }

 private:
  cmemcache::blocking_client& mc_;
};

// How the end of an asynchronous call is waited for. `start` begins it with the completion token that it is given.

struct by_coroutine {
  template <class Result, class Start>
  static answer<Result> wait(Start start, asio::cancellation_slot slot) {
    auto token = asio::bind_cancellation_slot(slot, asio::as_tuple(asio::use_awaitable));
    co_return co_await start(token);
  }
};

struct by_callback {
  template <class Result, class Start>
  static answer<Result> wait(Start start, asio::cancellation_slot) {
    const auto token = asio::as_tuple(asio::use_awaitable);
    auto begin = [start](auto handler) {
      start([handler = std::move(handler)](error_code ec, Result r) mutable { std::move(handler)(ec, std::move(r)); });
    };
    co_return co_await asio::async_initiate<decltype(token), void(error_code, Result)>(begin, token);
  }
};

struct by_future {
  template <class Result, class Start>
  static answer<Result> wait(Start start, asio::cancellation_slot) {
    std::promise<std::tuple<error_code, Result>> promise;
    auto future = promise.get_future();
    start([promise = std::move(promise)](error_code ec, Result r) mutable { promise.set_value({ec, std::move(r)}); });
    co_return future.get();
  }
};

template <class Way>
class async_caller final : public caller {
 public:
  explicit async_caller(cmemcache::client& mc) : mc_(mc) {}

  one execute(cmemcache::request what) override {
    return wait<cmemcache::reply>([this, what](auto&& token) { return mc_.async_execute(what, std::move(token)); });
  }
  many get_multi(keys k) override {
    return wait<cmemcache::multi_reply>([this, k](auto&& token) { return mc_.async_get_multi(k, std::move(token)); });
  }
  many set_multi(pairs p) override {
    return wait<cmemcache::multi_reply>(
        [this, p](auto&& token) { return mc_.async_set_multi(p, bulk_exptime, 0, std::move(token)); });
  }
  many delete_multi(keys k) override {
    return wait<cmemcache::multi_reply>([this, k](auto&& token) { return mc_.async_delete_multi(k, std::move(token)); });
  }
  each version() override {
    return wait<std::vector<cmemcache::server_stats>>([this](auto&& token) { return mc_.async_version(std::move(token)); });
  }
  each stats() override {
    return wait<std::vector<cmemcache::server_stats>>([this](auto&& token) { return mc_.async_stats(std::move(token)); });
  }
  std::optional<std::string> server_for(std::string_view key) const override { return mc_.server_for(key); }

 private:
  template <class Result, class Start>
  answer<Result> wait(Start start) {
    return Way::template wait<Result>(start, cancel.slot());
  }

  cmemcache::client& mc_;
};

}  // namespace soak
