#include <cmemcache/reactor.hpp>

#include <mutex>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "after_rounds.hpp"
#include "net/fork_guard.hpp"
#include "net/quiet_thread.hpp"

namespace cmemcache {

namespace asio = boost::asio;

/// Shared with the thread, which may outlive the reactor when it is the one that destroys it.
struct reactor::context {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::thread thread;
};

struct reactor::state {
  net::fork_guarded_mutex mutex;
  std::shared_ptr<context> now;
  std::uint64_t generation = net::fork_generation();
};

reactor::reactor() : state_(std::make_unique<state>()) {}

reactor::~reactor() { stop(); }

// What a forked child inherits it cannot even destroy: the parent's thread may have been anywhere in it.
std::shared_ptr<reactor::context> reactor::current() {
  const std::lock_guard lock(state_->mutex);
  if (state_->generation != net::fork_generation()) {
    state_->generation = net::fork_generation();
    if (state_->now != nullptr) new std::shared_ptr<context>(std::move(state_->now));
  }
  if (state_->now == nullptr) {
    auto made = std::make_shared<context>();
    made->thread = net::quiet_thread([made] { made->io.run(); });
    state_->now = std::move(made);
  }
  return state_->now;
}

std::shared_ptr<void> reactor::keep() { return current(); }

reactor::executor_type reactor::get_executor() { return current()->io.get_executor(); }

void reactor::stop() {
  std::shared_ptr<context> ended;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->generation != net::fork_generation()) return;
    ended = std::move(state_->now);
  }
  if (ended == nullptr) return;
  after_rounds(ended->io.get_executor(), 3, [&io = ended->io] { io.stop(); });
  if (ended->thread.get_id() == std::this_thread::get_id()) ended->thread.detach();
  else ended->thread.join();
}

}  // namespace cmemcache
