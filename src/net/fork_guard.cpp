#include "net/fork_guard.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

namespace cmemcache::net {

// All there are, linked through themselves: a client of a thousand servers takes two thousand out again.
struct guarded_mutexes {
  std::mutex mutex;
  fork_guarded_mutex* first = nullptr;
  fork_guarded_mutex* last = nullptr;

  void add(fork_guarded_mutex& m) noexcept {
    m.previous_ = std::exchange(last, &m);
    (m.previous_ == nullptr ? first : m.previous_->next_) = &m;
  }
  void remove(fork_guarded_mutex& m) noexcept {
    (m.previous_ == nullptr ? first : m.previous_->next_) = m.next_;
    (m.next_ == nullptr ? last : m.next_->previous_) = m.previous_;
  }
  template <class Work>
  void for_each(Work&& work) {
    for (fork_guarded_mutex* m = first; m != nullptr; m = m->next_) work(*m);
  }
};

namespace {

// Never destroyed: a fork may come while the process exits.
guarded_mutexes& all() {
  static guarded_mutexes* const instance = new guarded_mutexes;
  return *instance;
}

std::atomic<std::uint64_t> generation{0};

void before_fork() {
  all().mutex.lock();
  all().for_each([](fork_guarded_mutex& m) { m.lock(); });
}

void in_the_parent() {
  all().for_each([](fork_guarded_mutex& m) { m.unlock(); });
  all().mutex.unlock();
}

void in_the_child() {
  generation.fetch_add(1, std::memory_order_relaxed);
  all().for_each([](fork_guarded_mutex& m) { m.after_fork_in_child(); });
  in_the_parent();
}

}  // namespace

fork_guarded_mutex::fork_guarded_mutex(std::function<void()> in_child) : in_child_(std::move(in_child)) {
  static const int installed = ::pthread_atfork(before_fork, in_the_parent, in_the_child);
  static_cast<void>(installed);
  const std::lock_guard lock(all().mutex);
  all().add(*this);
}

fork_guarded_mutex::~fork_guarded_mutex() {
  const std::lock_guard lock(all().mutex);
  all().remove(*this);
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
