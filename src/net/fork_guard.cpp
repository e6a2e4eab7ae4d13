#include "net/fork_guard.hpp"

#include <pthread.h>

#include <algorithm>
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

void before_fork() {
  all().mutex.lock();
  for (fork_guarded_mutex* m : all().guarded) m->lock();
}

void in_the_parent() {
  for (fork_guarded_mutex* m : all().guarded) m->unlock();
  all().mutex.unlock();
}

void in_the_child() {
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

}  // namespace cmemcache::net
