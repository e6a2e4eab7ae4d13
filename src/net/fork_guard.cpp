#include "net/fork_guard.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace cmemcache::net {

namespace {

// Never destroyed: a fork may come while the process exits.
struct registry {
  std::mutex mutex;
  std::vector<fork_guarded_mutex*> guarded;
};

registry& all() {
  static registry* const instance = new registry;
  return *instance;
}

std::atomic<std::uint64_t> generation{0};

void before_fork() {
  all().mutex.lock();
  for (fork_guarded_mutex* m : all().guarded) m->lock();
}

void in_the_parent() {
  for (fork_guarded_mutex* m : all().guarded) m->unlock();
  all().mutex.unlock();
}

void in_the_child() {
  generation.fetch_add(1, std::memory_order_relaxed);
  for (fork_guarded_mutex* m : all().guarded) m->after_fork_in_child();
  in_the_parent();
}

}  // namespace

fork_guarded_mutex::fork_guarded_mutex(std::function<void()> in_child) : in_child_(std::move(in_child)) {
  static const int installed = ::pthread_atfork(before_fork, in_the_parent, in_the_child);
  static_cast<void>(installed);
  const std::lock_guard lock(all().mutex);
  all().guarded.push_back(this);
}

fork_guarded_mutex::~fork_guarded_mutex() {
  const std::lock_guard lock(all().mutex);
  std::erase(all().guarded, this);
}

std::uint64_t fork_generation() noexcept { return generation.load(std::memory_order_relaxed); }

parents_descriptors::parents_descriptors()
    : mutex_([this] {
        for (const int fd : all_) ::close(fd);
        all_.clear();
      }) {}

void parents_descriptors::add(int fd) {
  const std::lock_guard lock(mutex_);
  all_.push_back(fd);
}

void parents_descriptors::remove(int fd) noexcept {
  const std::lock_guard lock(mutex_);
  std::erase(all_, fd);
}

}  // namespace cmemcache::net
