// `client`, with each completion token. How one waits is a class; every call is written once.

#include "support/calling_styles.hpp"

#include <optional>
#include <stdexcept>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <cmemcache/client.hpp>
#include <cmemcache/reactor.hpp>

namespace cmemcache::test {

namespace asio = boost::asio;

namespace {

template <class Token>
auto by_name(client& mc, const request& r, Token&& token) {
  const bool plain = r.exptime == 0 && r.flags == 0;
  if (r.noreply) return mc.async_execute(r, std::forward<Token>(token));
  switch (r.op) {
    case verb::get: return mc.async_get(r.key, std::forward<Token>(token));
    case verb::gets: return mc.async_gets(r.key, std::forward<Token>(token));
    case verb::gat: return mc.async_gat(r.key, r.exptime, std::forward<Token>(token));
    case verb::set:
      if (plain) return mc.async_set(r.key, r.value, std::forward<Token>(token));
      return mc.async_set(r.key, r.value, r.exptime, r.flags, std::forward<Token>(token));
    case verb::add:
      if (plain) return mc.async_add(r.key, r.value, std::forward<Token>(token));
      return mc.async_add(r.key, r.value, r.exptime, r.flags, std::forward<Token>(token));
    case verb::replace:
      if (plain) return mc.async_replace(r.key, r.value, std::forward<Token>(token));
      return mc.async_replace(r.key, r.value, r.exptime, r.flags, std::forward<Token>(token));
    case verb::append: return mc.async_append(r.key, r.value, std::forward<Token>(token));
    case verb::prepend: return mc.async_prepend(r.key, r.value, std::forward<Token>(token));
    case verb::cas:
      if (plain) return mc.async_cas(r.key, r.value, r.number, std::forward<Token>(token));
      return mc.async_cas(r.key, r.value, r.number, r.exptime, r.flags, std::forward<Token>(token));
    case verb::incr:
      if (r.number == 1) return mc.async_incr(r.key, std::forward<Token>(token));
      return mc.async_incr(r.key, r.number, std::forward<Token>(token));
    case verb::decr:
      if (r.number == 1) return mc.async_decr(r.key, std::forward<Token>(token));
      return mc.async_decr(r.key, r.number, std::forward<Token>(token));
    case verb::touch: return mc.async_touch(r.key, r.exptime, std::forward<Token>(token));
    case verb::delete_: return mc.async_delete(r.key, std::forward<Token>(token));
    default: return mc.async_execute(r, std::forward<Token>(token));
  }
}

// ---- waiting: each is given a function that starts a call with a token.

// What is started runs on an io_context until nothing is left to do there, whatever connection stays open.
class on_io_context {
 public:
  asio::io_context& home() noexcept { return io_; }
  std::chrono::steady_clock::time_point over() const noexcept { return over_; }

 protected:
  template <class Result>
  Result run_until_set(std::optional<Result>& got) {
    if (got) throw std::logic_error("completed inside the initiating function");
    while (!got && io_.run_one() != 0) {
    }
    over_ = std::chrono::steady_clock::now();
    io_.run();
    io_.restart();
    if (!got) throw std::logic_error("never completed");
    return std::move(*got);
  }

  template <class... Results>
  static auto put_into(std::optional<calling_style::result<Results...>>& got) {
    return [&got](error_code ec, Results... results) {
      if (got) throw std::logic_error("completed twice");
      got.emplace(ec, std::move(results)...);
    };
  }

  // A coroutine that fills `got`, spawned and run.
  template <class Result>
  Result spawn(auto& coroutine, auto& start) {
    std::optional<Result> got;
    asio::co_spawn(io_, coroutine(start, got), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    return run_until_set(got);
  }

 private:
  asio::io_context io_;
  std::chrono::steady_clock::time_point over_{};
};

struct by_callback : on_io_context {
  template <class... Results>
  calling_style::result<Results...> wait(auto start) {
    std::optional<calling_style::result<Results...>> got;
    start(put_into<Results...>(got));
    return run_until_set(got);
  }
};

struct by_deferred_call : on_io_context {
  template <class... Results>
  calling_style::result<Results...> wait(auto start) {
    std::optional<calling_style::result<Results...>> got;
    auto later = start(asio::deferred);
    home().poll();  // nothing is started yet
    home().restart();
    std::move(later)(put_into<Results...>(got));
    return run_until_set(got);
  }
};

template <class Result, class Start>
asio::awaitable<void> await_throwing(Start& start, std::optional<Result>& got) {
  try {
    if constexpr (std::tuple_size_v<Result> == 1) {
      co_await start(asio::use_awaitable);
      got.emplace();
    } else {
      auto answer = co_await start(asio::use_awaitable);
      got.emplace(error_code(), std::move(answer));
    }
  } catch (const boost::system::system_error& e) {
    got.emplace();
    std::get<0>(*got) = e.code();
  }
}

struct by_awaitable : on_io_context {
  template <class... Results>
  calling_style::result<Results...> wait(auto start) {
    using result = calling_style::result<Results...>;
    return spawn<result>(await_throwing<result, decltype(start)>, start);
  }
};

template <class Token, class Result, class Start>
asio::awaitable<void> await_tuple(Start& start, std::optional<Result>& got) {
  got.emplace(co_await start(asio::as_tuple(Token())));
}

template <class Token>
struct by_tuple : on_io_context {
  template <class... Results>
  calling_style::result<Results...> wait(auto start) {
    using result = calling_style::result<Results...>;
    return spawn<result>(await_tuple<Token, result, decltype(start)>, start);
  }
};

class on_reactor {
 public:
  reactor& home() noexcept { return runs_; }
  static std::chrono::steady_clock::time_point over() noexcept { return std::chrono::steady_clock::now(); }

 private:
  reactor runs_;
};

struct by_future : on_reactor {
  template <class... Results>
  calling_style::result<Results...> wait(auto start) {
    try {
      auto later = start(asio::use_future);
      if constexpr (sizeof...(Results) == 0) return later.get(), error_code();
      else return {error_code(), later.get()};
    } catch (const boost::system::system_error& e) {
      return {e.code(), Results()...};
    }
  }
};

// (as_tuple(use_future) is not to be had before Boost 1.82.)
struct by_packaged_future : on_reactor {
  template <class... Results>
  calling_style::result<Results...> wait(auto start) {
    return start(asio::use_future([](error_code ec, Results... results) {
             return calling_style::result<Results...>(ec, std::move(results)...);
           })).get();
  }
};

// ---- what is waited for

template <class Waiting>
class async_style final : public calling_style {
 public:
  async_style(std::vector<server> servers, const client_options& options)
      : mc_(waiting_.home(), std::move(servers), options) {}

  result<reply> one(const request& what) override {
    return wait<reply>([&](auto token) { return by_name(mc_, what, std::move(token)); });
  }
  result<multi_reply> get_multi(std::span<const std::string_view> keys) override {
    return wait<multi_reply>([&](auto token) { return mc_.async_get_multi(keys, std::move(token)); });
  }
  result<multi_reply> set_multi(pairs what, std::int64_t exptime, std::uint32_t flags) override {
    return wait<multi_reply>([&](auto token) { return mc_.async_set_multi(what, exptime, flags, std::move(token)); });
  }
  result<multi_reply> delete_multi(std::span<const std::string_view> keys) override {
    return wait<multi_reply>([&](auto token) { return mc_.async_delete_multi(keys, std::move(token)); });
  }
  result<multi_reply> execute_multi(std::span<const request> what) override {
    return wait<multi_reply>([&](auto token) { return mc_.async_execute_multi(what, std::move(token)); });
  }
  result<> flush_all(std::uint64_t delay) override {
    return wait<>([&](auto token) { return mc_.async_flush_all(delay, std::move(token)); });
  }
  result<std::vector<server_stats>> version() override {
    return wait<std::vector<server_stats>>([&](auto token) { return mc_.async_version(std::move(token)); });
  }
  result<std::vector<server_stats>> stats(std::string_view sort) override {
    return wait<std::vector<server_stats>>([&](auto token) { return mc_.async_stats(sort, std::move(token)); });
  }

 private:
  template <class... Results>
  result<Results...> wait(auto start) {
    result<Results...> got = waiting_.template wait<Results...>(start);
    over = waiting_.over();
    return got;
  }

  Waiting waiting_;
  client mc_;
};

}  // namespace

std::vector<style> async_styles() {
  return {{.name = "callback", .make = make_style<async_style<by_callback>>},
          {.name = "use_future", .make = make_style<async_style<by_future>>, .throws = true},
          {.name = "use_future(function)", .make = make_style<async_style<by_packaged_future>>},
          {.name = "use_awaitable", .make = make_style<async_style<by_awaitable>>, .throws = true},
          {.name = "as_tuple(use_awaitable)", .make = make_style<async_style<by_tuple<asio::use_awaitable_t<>>>>},
          {.name = "as_tuple(deferred), awaited", .make = make_style<async_style<by_tuple<asio::deferred_t>>>},
          {.name = "deferred, called", .make = make_style<async_style<by_deferred_call>>}};
}

}  // namespace cmemcache::test
