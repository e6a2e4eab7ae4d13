#include "threaded_engine.hpp"

#include <future>
#include <utility>

#include <boost/asio/io_context.hpp>

#include <cmemcache/reactor.hpp>

#include "after_rounds.hpp"
#include "async_engine.hpp"
#include "net/fork_guard.hpp"
#include "net/quiet_thread.hpp"

namespace cmemcache {

namespace asio = boost::asio;

struct threaded_engine::parts {
  reactor runs;
  std::shared_ptr<void> kept = runs.keep();
  std::shared_ptr<async_engine> engine;

  bool is_their_thread() {
    return engine->get_executor().target<asio::io_context::executor_type>()->running_in_this_thread();
  }

  bool ends_within(std::chrono::seconds time) {
    const auto done = std::make_shared<std::promise<void>>();
    after_rounds(engine->get_executor(), 3, [done] { done->set_value(); });
    return done->get_future().wait_for(time) == std::future_status::ready;
  }

  // The engine first: what it is made of lies in the context that goes with the thread.
  void end() {
    engine.reset();
    runs.stop();
  }
};

threaded_engine::threaded_engine(std::shared_ptr<roster> servers, std::function<void(operation_list)> deliver)
    : parts_(std::make_unique<parts>()), generation_(net::fork_generation()) {
  parts_->engine = std::make_shared<async_engine>(parts_->runs.get_executor(), std::move(servers),
                                                  async_engine::context::our_own);
  parts_->engine->deliver_to(std::move(deliver));
}

threaded_engine::~threaded_engine() {
  close();
  if (parts_->is_their_thread() || parts_->ends_within(patience)) parts_->end();
  else net::quiet_thread([left = std::shared_ptr<parts>(std::move(parts_))] { left->end(); }).detach();
}

void threaded_engine::submit(operation& op) { parts_->engine->submit(op); }
void threaded_engine::cancel(std::uint64_t id) { parts_->engine->cancel(id, false); }
std::uint64_t threaded_engine::next_id() noexcept { return parts_->engine->next_id(); }
void threaded_engine::disconnect_all() { parts_->engine->disconnect_all(); }
void threaded_engine::close() { parts_->engine->close(); }
bool threaded_engine::is_inherited() const noexcept { return generation_ != net::fork_generation(); }

}  // namespace cmemcache
