#pragma once

#include <chrono>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include <cmemcache/error.hpp>
#include <cmemcache/reply.hpp>

namespace cmemcache::test {

/// Seconds that a loaded machine, or a sanitizer, may add to any wait.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr double late = 2;
#else
inline constexpr double late = 0.15;
#endif

/// What became of one asynchronous call. Must stay where it is until then.
template <class Result>
struct outcome {
  int completions = 0;
  error_code ec;
  Result got{};
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  double took = 0;

  bool done() const noexcept { return completions == 1; }
};

using answer = outcome<reply>;
using answers = outcome<multi_reply>;

/// The token that has a call's results go into `to`.
template <class Result>
auto into(outcome<Result>& to) {
  return [&to](error_code ec, Result got) {
    ++to.completions;
    to.ec = ec;
    to.got = std::move(got);
    to.took = std::chrono::duration<double>(std::chrono::steady_clock::now() - to.start).count();
  };
}

/// Runs `io` until it has nothing to do, or `limit` has passed. The seconds that it took; a minute when it did not end.
inline double finish(boost::asio::io_context& io, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const auto start = std::chrono::steady_clock::now();
  io.restart();
  io.run_for(limit);
  return io.stopped() ? std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() : 60;
}

/// A reply as a word: what it is, its value, or the error.
inline std::string shown(const answer& a) {
  if (a.completions != 1) return "completed " + std::to_string(a.completions) + " times";
  if (a.ec) return a.ec.message();
  std::string text(to_string(a.got.status));
  if (a.got.status == status::number) text += " " + std::to_string(a.got.number);
  if (a.got.status == status::hit) text += " " + a.got.value;
  return text;
}

}  // namespace cmemcache::test
