#include "async_engine.hpp"

#include <new>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace cmemcache {

namespace asio = boost::asio;

namespace {

// Operations on their way to be completed, and the engine whose executor that is to happen on. Should the context be
// destroyed first, nobody is told.
class batch {
 public:
  batch(std::shared_ptr<async_engine> engine, operation_list over) noexcept
      : engine_(std::move(engine)), over_(std::move(over)) {}
  batch(batch&& other) noexcept : engine_(std::move(other.engine_)), over_(other.over_.take()) {}
  batch& operator=(batch&&) = delete;
  ~batch() {
    while (operation* const op = over_.pop()) op->release();
  }

  // What a handler throws is run()'s to throw, as with all of Asio's; the others are completed all the same.
  void operator()() {
    struct released {
      operation* op;
      ~released() { op->release(); }
    };
    try {
      while (operation* const op = over_.pop()) {
        const released after{op};
        op->complete();
      }
    } catch (...) {
      if (!over_.empty()) asio::post(engine_->get_executor(), std::move(*this));
      throw;
    }
  }

 private:
  std::shared_ptr<async_engine> engine_;
  operation_list over_;
};

}  // namespace

async_engine::async_engine(executor_type ex, std::shared_ptr<cmemcache::roster> servers, context whose)
    : executor_(std::move(ex)),
      roster_(std::move(servers)),
      strand_(asio::make_strand(executor_)),
      timer_(executor_),
      dispatcher_(roster_, *this),
      generation_(net::fork_generation()),
      parents_(whose == context::our_own ? std::make_unique<net::parents_descriptors>() : nullptr) {}

async_engine::~async_engine() {
  dispatcher_.close();
  while (!watched_.empty()) forget(watched_.begin()->first);
  while (operation* const op = inbox_.pop()) op->release();
}

// ---- any thread

void async_engine::submit(operation& op) {
  bool first;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ && !op.error) op.error = errc::closed;
    inbox_.push(op);
    first = !std::exchange(called_, true);
  }
  if (!first) return;
  try {
    asio::post(strand_, [self = shared_from_this()] { self->take_in(); });
  } catch (...) {  // no memory: nobody would look
    const std::lock_guard lock(mutex_);
    called_ = false;  // should others have come meanwhile, the next one calls
    for (operation_list all = inbox_.take(); operation* const next = all.pop();)
      if (next != &op) inbox_.push(*next);
    throw;
  }
}

template <class Work>
void async_engine::on_strand(Work work) {
  asio::post(strand_, [self = shared_from_this(), work = std::move(work)] {
    self->leave_what_is_inherited();
    work(self->dispatcher_);
    self->dispatcher_.turn();
  });
}

void async_engine::cancel(std::uint64_t id, bool only_without_traces) {
  on_strand([this, id, only_without_traces](dispatcher& d) {
    take_in();  // it may not have got further
    d.cancel(id, only_without_traces);
  });
}

void async_engine::disconnect_all() {
  on_strand([](dispatcher& d) { d.disconnect_all(); });
}

void async_engine::close() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
  }
  on_strand([this](dispatcher& d) {
    take_in();
    d.close();
  });
}

// ---- on the strand

// In a forked child: the connections are the parent's, and so is who waits for what is under way there.
void async_engine::leave_what_is_inherited() noexcept {
  if (generation_ == net::fork_generation()) return;
  generation_ = net::fork_generation();
  dispatcher_.close();
  dispatcher_.turn();
}

void async_engine::take_in() {
  leave_what_is_inherited();
  operation_list in;
  {
    const std::lock_guard lock(mutex_);
    in = inbox_.take();
    called_ = false;
  }
  const net::time_point now = in.empty() ? net::time_point() : net::steady_clock::now();
  while (operation* const op = in.pop()) dispatcher_.submit(*op, now);
  dispatcher_.turn();
}

void async_engine::watch(int fd, watcher& who, bool readable, bool writable) {
  std::shared_ptr<watched>& w = watched_[fd];
  if (w == nullptr) {
    if (parents_ != nullptr) parents_->add(fd);
    w = std::make_shared<watched>(strand_, fd, who);
  }
  w->wanted[0] = readable;
  w->wanted[1] = writable;
  wait(w);
}

void async_engine::wait(const std::shared_ptr<watched>& w) {
  constexpr descriptor::wait_type sorts[] = {descriptor::wait_read, descriptor::wait_write};
  for (int sort = 0; sort < 2; ++sort) {
    if (!w->wanted[sort] || w->waiting[sort]) continue;
    w->fd.async_wait(sorts[sort], [self = shared_from_this(), w, sort](error_code ec) {
      w->waiting[sort] = false;
      self->leave_what_is_inherited();
      if (w->who == nullptr || ec == asio::error::operation_aborted) return;
      w->who->ready(sort == 0, sort == 1);
      self->dispatcher_.turn();
      if (w->who != nullptr) self->wait_again(w);
    });
    w->waiting[sort] = true;
  }
}

void async_engine::wait_again(const std::shared_ptr<watched>& w) {
  try {
    wait(w);
  } catch (const std::bad_alloc&) {
    w->who->given_up();
    dispatcher_.turn();
  }
}

// The descriptor is its channel's to close.
void async_engine::forget(int fd) noexcept {
  const auto found = watched_.find(fd);
  if (found == watched_.end()) return;
  const std::shared_ptr<watched> w = std::move(found->second);
  watched_.erase(found);
  if (parents_ != nullptr) parents_->remove(fd);
  if (w == nullptr) return;
  w->who = nullptr;
  w->fd.release();
}

// On a context of our own a timer that comes too early does no harm, and setting it for each call costs more. A user's
// run() shall return when nothing is under way. Most waits are cancelled, and those do not trouble the strand.
void async_engine::wake_at(net::time_point when) {
  const bool our_own = parents_ != nullptr;
  if (our_own && timer_at_ <= when) return;
  timer_at_ = when;
  if (when == net::time_point::max()) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(when);
  timer_.async_wait([self = shared_from_this()](error_code ec) {
    if (!ec) asio::dispatch(self->strand_, [self] { self->time_has_come(); });
  });
}

void async_engine::time_has_come() {
  timer_at_ = net::time_point::max();
  leave_what_is_inherited();
  dispatcher_.wake();
  dispatcher_.turn();
}

void async_engine::deliver(operation_list over) {
  if (deliverer_) deliverer_(std::move(over));
  else asio::post(executor_, batch(shared_from_this(), std::move(over)));
}

}  // namespace cmemcache
