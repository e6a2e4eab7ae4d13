#pragma once

#include <functional>
#include <mutex>

namespace cmemcache::net {

/// A mutex that a forked child finds unlocked, and a hook that runs in the child before anything else does.
///
/// fork() copies one thread and every lock as it was. All guarded mutexes are therefore taken before a fork and
/// released on both sides after it; in the child `in_child` runs while its mutex is held, to drop what belongs to
/// the parent. No thread may take a second guarded mutex, or make or destroy one, while it holds one.
class fork_guarded_mutex : public std::mutex {
 public:
  explicit fork_guarded_mutex(std::function<void()> in_child = {});
  ~fork_guarded_mutex();
  fork_guarded_mutex(const fork_guarded_mutex&) = delete;
  fork_guarded_mutex& operator=(const fork_guarded_mutex&) = delete;

  void after_fork_in_child() {
    if (in_child_) in_child_();
  }

 private:
  std::function<void()> in_child_;
};

}  // namespace cmemcache::net
