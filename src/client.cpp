#include <cmemcache/client.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <new>
#include <tuple>
#include <utility>

#include "async_engine.hpp"
#include "commands.hpp"
#include "multi_reply_access.hpp"
#include "net/fork_guard.hpp"
#include "operation.hpp"
#include "roster.hpp"

namespace cmemcache {

using protocol::command;
using protocol::element;

namespace {

// What an operation's results are to those who call through `client`.

reply result_of(single_operation& op, const error_code& ec) {
  if (ec) return {};  // what came before the trouble is not to be relied on
  return {.status = op.answer.status,
          .flags = op.answer.flags,
          .cas = op.answer.cas,
          .number = op.answer.number,
          .value = op.answer.status == status::hit ? op.take_value() : std::string()};
}

multi_reply result_of(multi_operation& op, const error_code&) {
  auto failures = op.failures();
  return multi_reply_access::make(std::move(op.answer_items), op.answers.memory().release(), std::move(failures));
}

std::vector<server_stats> result_of(server_operation& op, const error_code&) { return op.answers(); }

// An operation that ends in a completion.
template <class Operation, class... Results>
class completed final : public Operation {
 public:
  completed(const async_engine& engine, std::uint64_t id, detail::completion<Results...>* done) noexcept
      : Operation(engine.roster().options().timeout), engine_(engine), done_(done) {
    this->id = id;
  }

 private:
  ~completed() override {
    if (done_ != nullptr) done_->discard();
  }

  void complete() override {
    error_code ec = this->first_error();
    std::tuple<Results...> got;
    if constexpr (sizeof...(Results) != 0) {
      try {
        got = result_of(*this, ec);
      } catch (const std::bad_alloc&) {
        ec = errc::not_enough_memory;
      }
    }
    auto* const done = std::exchange(done_, nullptr);
    std::apply([&](Results&... result) { done->complete(engine_.get_executor(), ec, std::move(result)...); }, got);
  }

  const async_engine& engine_;  // alive as long as there are completions on their way
  detail::completion<Results...>* done_;
};

// An operation of the `Operation` sort, filled in by `fill`, on its way. Where there is no memory for that it throws, and the
// handler is never called.
template <class Operation, class... Results, class Fill>
void start_on(async_engine& engine, std::uint64_t id, detail::completion<Results...>* done, Fill&& fill) {
  using made = completed<Operation, Results...>;
  const auto discard = [](auto* d) { d->discard(); };
  const auto release = [](made* op) { op->release(); };
  std::unique_ptr<detail::completion<Results...>, decltype(discard)> waits(done);
  std::unique_ptr<made, decltype(release)> op(new made(engine, id, done));
  waits.release();
  fill(*op);
  engine.submit(*op);
  op.release();
}

}  // namespace

/// The engine, and where to get another one in a forked child.
struct client::state {
  state(std::shared_ptr<cmemcache::roster> servers, executor_type ex)
      : roster(std::move(servers)), engine(std::make_shared<async_engine>(std::move(ex), roster)) {}

  state(std::shared_ptr<cmemcache::roster> servers, reactor& r)
      : roster(std::move(servers)), runs(&r), kept(r.keep()), engine(on_reactor()) {}

  ~state() {
    if (is_inherited()) leave();
  }

  std::shared_ptr<async_engine> on_reactor() const {
    return std::make_shared<async_engine>(runs->get_executor(), roster, async_engine::context::our_own);
  }

  // In a forked child, of a client on a reactor, which is another there.
  bool is_inherited() const noexcept {
    return runs != nullptr && generation.load(std::memory_order_acquire) != net::fork_generation();
  }

  // What was on the parent's reactor cannot even be destroyed: the parent's thread may have been anywhere in it.
  void leave() {
    new std::shared_ptr<void>(std::move(kept));
    new std::shared_ptr<async_engine>(std::move(engine));
  }

  const std::shared_ptr<async_engine>& current() {
    if (!is_inherited()) return engine;
    const std::lock_guard lock(renewing);
    if (is_inherited()) {
      leave();
      kept = runs->keep();
      engine = on_reactor();
      generation.store(net::fork_generation(), std::memory_order_release);
    }
    return engine;
  }

  const std::shared_ptr<cmemcache::roster> roster;
  reactor* const runs = nullptr;
  std::atomic<std::uint64_t> generation{net::fork_generation()};
  std::mutex renewing;
  std::shared_ptr<void> kept;  // the reactor's context, which must outlive what the engine has on it
  std::shared_ptr<async_engine> engine;
};

client::client(executor_type ex, std::vector<server> servers, client_options options)
    : state_(std::make_unique<state>(std::make_shared<roster>(std::move(servers), std::move(options)), std::move(ex))) {}

client::client(reactor& runs, std::vector<server> servers, client_options options)
    : state_(std::make_unique<state>(std::make_shared<roster>(std::move(servers), std::move(options)), runs)) {}

client::~client() {
  if (state_ != nullptr && !state_->is_inherited()) close();
}

client::client(client&&) noexcept = default;

client& client::operator=(client&& other) noexcept {
  if (state_ != nullptr && this != &other) close();
  state_ = std::move(other.state_);
  return *this;
}

client::executor_type client::get_executor() const { return here(); }
const client::executor_type& client::here() const { return state_->current()->get_executor(); }
std::weak_ptr<async_engine> client::engine() const { return state_->current(); }
std::uint64_t client::next_id() const { return state_->current()->next_id(); }

void client::cancel(const std::weak_ptr<async_engine>& engine, std::uint64_t id, boost::asio::cancellation_type type) {
  using boost::asio::cancellation_type;
  const auto at_once = cancellation_type::terminal | cancellation_type::partial;
  if (const auto e = engine.lock()) e->cancel(id, (type & at_once) == cancellation_type::none);
}

// ---- starting

void client::start(const request& what, one* done, std::uint64_t id) {
  start_on<single_operation>(*state_->current(), id, done, [&](single_operation& op) {
    const cmemcache::roster& r = *state_->roster;
    const command c = command_of(what, r.options());
    const element asked = element_of(what, 0);
    op.ask(c, asked);
    if (!has_key(what.op)) op.error = errc::bad_argument;
    else if (const error_code ec = r.check(c, asked)) op.refused(0, ec, {});
  });
}

// `elements` makes them, once there is an operation to give `done` back should that fail.
template <class Elements>
void client::start_many(const command& what, many* done, std::uint64_t id, Elements&& elements) {
  start_on<multi_operation>(*state_->current(), id, done, [&](multi_operation& op) {
    op.ask(what, elements());
    op.keep(state_->roster->take_out_refused(what, op.asked(), op.answers).size());
  });
}

void client::start(verb op, std::span<const std::string_view> keys, many* done, std::uint64_t id) {
  start_many(command_of({.op = op}, state_->roster->options()), done, id, [&] { return elements_of(keys); });
}

void client::start(std::span<const std::pair<std::string_view, std::string_view>> pairs, std::int64_t exptime,
                   std::uint32_t flags, many* done, std::uint64_t id) {
  start_many(command_of({.op = verb::set, .exptime = exptime}, state_->roster->options()), done, id,
             [&] { return elements_of(pairs, flags); });
}

void client::start(std::span<const request> what, many* done, std::uint64_t id) {
  start_many(command_of(what.empty() ? request{} : what.front(), state_->roster->options()), done, id,
             [&] { return elements_of(what); });
}

template <class... Results>
void client::start_servers(const command& what, detail::completion<Results...>* done, std::uint64_t id) {
  start_on<server_operation>(*state_->current(), id, done, [&](server_operation& op) {
    op.ask(what);
    op.error = state_->roster->check(what);
  });
}

void client::start(std::uint64_t delay, detail::completion<>* done, std::uint64_t id) {
  start_servers({.op = verb::flush_all, .delay = delay}, done, id);
}

void client::start(verb op, std::string_view argument, detail::completion<std::vector<server_stats>>* done,
                   std::uint64_t id) {
  start_servers({.op = op, .argument = argument}, done, id);
}

// ---- at once

std::optional<std::string> client::server_for(std::string_view key) const { return state_->roster->server_for(key); }
void client::set_servers(std::vector<server> servers) { state_->roster->set_servers(std::move(servers)); }
std::vector<server> client::servers() const { return state_->roster->servers(); }
void client::disconnect_all() { state_->current()->disconnect_all(); }
void client::forget_dead_hosts() { state_->roster->forget_dead_hosts(); }
std::vector<server_counters> client::counters() const { return state_->roster->counters(); }
discovery_status client::discovery() const { return state_->roster->discovered(); }

void client::close() {
  state_->roster->close();
  state_->current()->close();
}

}  // namespace cmemcache
