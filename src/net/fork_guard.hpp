#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

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
  friend struct guarded_mutexes;

  std::function<void()> in_child_;
  fork_guarded_mutex* previous_ = nullptr;  // among all, in the order of their making
  fork_guarded_mutex* next_ = nullptr;
};

/// How many forks lie between this process and the one that the program was started as. What was made under another
/// number belongs to a parent. Counted from the first guarded mutex on.
std::uint64_t fork_generation() noexcept;

/// Descriptors that a forked child closes without a word, before it does anything else. Thread safety: all members.
class parents_descriptors {
 public:
  parents_descriptors();
  void add(int fd);
  void remove(int fd) noexcept;

 private:
  std::vector<int> all_;
  fork_guarded_mutex mutex_;
};

}  // namespace cmemcache::net
