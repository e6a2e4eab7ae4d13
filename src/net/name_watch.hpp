#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <cmemcache/server.hpp>

#include "net/deadline.hpp"
#include "net/fork_guard.hpp"
#include "net/lookup.hpp"
#include "net/socket.hpp"

namespace cmemcache::net {

/// Notices that a server's name has moved to other addresses, though the connections to the old ones may still be good.
///
/// Who connects looks the name up and tells what was found. Besides, whoever is about to use a connection calls look():
/// every `interval` it has the name looked up on a thread of its own, which nobody waits for. When an address that was
/// known is not found any more version() changes, and connections made under another version are to be renewed once
/// nothing is under way on them. Of a server that needs no lookup nothing ever changes. Thread safety: all members.
class name_watch {
 public:
  /// `interval`: zero: only those who connect look the name up. `moved` is called when the name has moved, by whoever found
  /// out, and must not throw.
  name_watch(const server& where, milliseconds interval, std::function<void()> moved = {});

  /// It is `now`, and a connection is about to be used. Cheap when nothing is to be done.
  void look(time_point now) noexcept {
    if (now.time_since_epoch().count() >= next_.load(std::memory_order_relaxed)) look_up(now);
  }

  /// What a lookup has found. Gives what is to be tried: what was known before where it found nothing, because a resolver
  /// that is down says nothing about the server.
  std::vector<endpoint> found(std::vector<endpoint> addresses, time_point now);

  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

 private:
  void look_up(time_point now) noexcept;
  bool take_over(std::vector<endpoint> addresses);
  void next_look(time_point now, milliseconds after) noexcept;

  const server where_;
  const milliseconds interval_;
  const std::function<void()> moved_;
  std::atomic<time_point::rep> next_{time_point::max().time_since_epoch().count()};
  std::atomic<std::uint64_t> version_{0};
  fork_guarded_mutex mutex_;  // guards what follows
  std::vector<endpoint> known_;
  std::unique_ptr<lookup> running_;
};

}  // namespace cmemcache::net
