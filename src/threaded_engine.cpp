#include "threaded_engine.hpp"

#include <utility>

#include <cmemcache/reactor.hpp>

#include "async_engine.hpp"
#include "net/fork_guard.hpp"

namespace cmemcache {

struct threaded_engine::parts {
  reactor runs;
  std::shared_ptr<void> kept = runs.keep();
  std::shared_ptr<async_engine> engine;
};

threaded_engine::threaded_engine(std::shared_ptr<roster> servers, std::function<void(operation_list)> deliver)
    : parts_(std::make_unique<parts>()), generation_(net::fork_generation()) {
  parts_->engine = std::make_shared<async_engine>(parts_->runs.get_executor(), std::move(servers),
                                                  async_engine::context::our_own);
  parts_->engine->deliver_to(std::move(deliver));
}

threaded_engine::~threaded_engine() {
  close();
  parts_->runs.stop();
}

void threaded_engine::submit(operation& op) { parts_->engine->submit(op); }
void threaded_engine::cancel(std::uint64_t id) { parts_->engine->cancel(id, false); }
std::uint64_t threaded_engine::next_id() noexcept { return parts_->engine->next_id(); }
void threaded_engine::disconnect_all() { parts_->engine->disconnect_all(); }
void threaded_engine::close() { parts_->engine->close(); }
bool threaded_engine::is_inherited() const noexcept { return generation_ != net::fork_generation(); }

}  // namespace cmemcache
