#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cmemcache/cmemcache.hpp>

#include "callers.hpp"
#include "player.hpp"

namespace soak {

inline duration of_seconds(double s) { return std::chrono::duration_cast<duration>(std::chrono::duration<double>(s)); }

/// What a style adds to what both do.
class style {
 public:
  explicit style(station& s) : station_(s) {}
  virtual ~style() = default;

  /// Plays until the conductor says stop.
  virtual void run(std::uint64_t seed, duration pace) = 0;
  virtual void set_servers(const std::vector<cmemcache::server>& servers) = 0;
  virtual void disconnect_all() = 0;

  /// Per client, the figures of its servers.
  virtual std::vector<std::vector<cmemcache::server_counters>> counters() const = 0;

  /// What a forked child does one thing with.
  virtual cmemcache::reply call_in_child(const cmemcache::request& what) = 0;

 protected:
  asio::awaitable<void> play(player& p, duration pace) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!station_.stopping) {
      p.counts().idle = station_.paused.load();
      if (!p.counts().idle) co_await p.turn();
      timer.expires_after(of_seconds(std::exponential_distribution<>(1)(p.dice()) * std::chrono::duration<double>(pace).count()));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  // A lane with a thread: its coroutine never suspends but to pause.
  void play_alone(player& p, duration pace) {
    asio::io_context own(1);
    asio::co_spawn(own, play(p, pace), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    own.run();
  }

  station& station_;
};

class blocking_style final : public style {
 public:
  blocking_style(station& s, const cmemcache::client_options& options)
      : style(s), mc_({s.servers.begin(), s.servers.end()}, options) {}

  void run(std::uint64_t seed, duration pace) override {
    blocking_caller way(mc_);
    std::vector<std::unique_ptr<player>> players;
    for (std::size_t n = 0; n < 8; ++n) players.push_back(std::make_unique<player>(station_, way, n, seed));
    std::vector<std::jthread> threads;
    for (auto& p : players) threads.emplace_back([&] { play_alone(*p, pace * 8); });
  }

  void set_servers(const std::vector<cmemcache::server>& servers) override { mc_.set_servers(servers); }
  void disconnect_all() override { mc_.disconnect_all(); }
  std::vector<std::vector<cmemcache::server_counters>> counters() const override { return {mc_.counters()}; }

  cmemcache::reply call_in_child(const cmemcache::request& what) override {
    cmemcache::error_code ec;
    return mc_.execute(what, ec);
  }

 private:
  cmemcache::blocking_client mc_;
};

class async_style final : public style {
 public:
  async_style(station& s, const cmemcache::client_options& options)
      : style(s), mc_(io_, {s.servers.begin(), s.servers.end()}, options),
        reacting_(runs_, {s.servers.begin(), s.servers.end()}, options) {}

  void run(std::uint64_t seed, duration pace) override {
    std::vector<std::unique_ptr<caller>> ways;
    std::vector<std::unique_ptr<player>> players;
    std::vector<std::jthread> threads;
    std::size_t number = 0;
    const auto add = [&](std::unique_ptr<caller> way) -> player& {
      ways.push_back(std::move(way));
      return *players.emplace_back(std::make_unique<player>(station_, *ways.back(), number++, seed));
    };
    const auto ended = [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    };
    for (int n = 0; n < 24; ++n) {
      player& p = add(std::make_unique<async_caller<by_coroutine>>(mc_));
      p.may_cancel = [this, &p, &way = *ways.back()] { cancel_soon(p, way); };
      asio::co_spawn(io_, play(p, pace * 40), ended);
    }
    for (int n = 0; n < 8; ++n) asio::co_spawn(io_, play(add(std::make_unique<async_caller<by_callback>>(mc_)), pace * 40), ended);
    for (int n = 0; n < 8; ++n)
      threads.emplace_back([this, pace, &p = add(std::make_unique<async_caller<by_future>>(reacting_))] {
        play_alone(p, pace * 40);
      });
    asio::co_spawn(io_, oversleep(), asio::detached);
    io_.run();
  }

  void set_servers(const std::vector<cmemcache::server>& servers) override {
    mc_.set_servers(servers);
    reacting_.set_servers(servers);
  }
  void disconnect_all() override {
    mc_.disconnect_all();
    reacting_.disconnect_all();
  }
  std::vector<std::vector<cmemcache::server_counters>> counters() const override {
    return {mc_.counters(), reacting_.counters()};
  }

  cmemcache::reply call_in_child(const cmemcache::request& what) override {
    std::promise<cmemcache::reply> promise;
    reacting_.async_execute(what, [&](cmemcache::error_code, cmemcache::reply r) { promise.set_value(std::move(r)); });
    return promise.get_future().get();
  }

 private:
  // Some calls are cancelled after a moment, or a later call in their place.
  void cancel_soon(player& p, caller& way) {
    if (up_to(p.dice(), 19) != 0) return;
    auto timer = std::make_shared<asio::steady_timer>(io_, std::chrono::microseconds(up_to(p.dice(), 3) * 500));
    timer->async_wait([timer, &p, &way](cmemcache::error_code) {
      if (p.counts().began != 0) way.cancel.emit(asio::cancellation_type::terminal);
    });
  }

  asio::awaitable<void> oversleep() {
    asio::steady_timer timer(io_);
    while (!station_.stopping) {
      const time_point asked = steady::now();
      timer.expires_at(asked + oversleep::pause);
      co_await timer.async_wait(asio::use_awaitable);
      station_.counts.loop.note(asked, steady::now());
    }
  }

  asio::io_context io_{1};
  cmemcache::client mc_;
  cmemcache::reactor runs_;
  cmemcache::client reacting_;
};

}  // namespace soak
