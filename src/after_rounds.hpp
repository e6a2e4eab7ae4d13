#pragma once

#include <utility>

#include <boost/asio/post.hpp>

namespace cmemcache {

/// Calls `then` on `ex` when what was posted there before has run, and what that posts, and so on for `rounds` rounds: a
/// client that was just closed still tells its callers, which takes three.
template <class Executor, class Then>
void after_rounds(const Executor& ex, int rounds, Then then) {
  boost::asio::post(ex, [ex, rounds, then = std::move(then)]() mutable {
    rounds == 0 ? then() : after_rounds(ex, rounds - 1, std::move(then));
  });
}

}  // namespace cmemcache
