#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/execution_context.hpp>

#include <cmemcache/detail/completion.hpp>
#include <cmemcache/error.hpp>
#include <cmemcache/options.hpp>
#include <cmemcache/reactor.hpp>
#include <cmemcache/reply.hpp>
#include <cmemcache/request.hpp>
#include <cmemcache/server.hpp>
#include <cmemcache/statistics.hpp>

namespace cmemcache {

class async_engine;
namespace protocol {
struct command;
struct element;
}  // namespace protocol

/// A memcached client of Asio's kind, on a user's executor: calls are started by `async_*` functions, which return at once,
/// and complete through any completion token (a callback, `use_future`, `use_awaitable`, `deferred`, `as_tuple(...)`,
/// `detached`). All calls to one server share one connection, which is kept open and made again when it is lost: what
/// waits is written together, and plain gets that wait together become one `get` line.
///
/// **Completion.** `void(error_code, reply)` for one key, `void(error_code, multi_reply)` for many,
/// `void(error_code, std::vector<server_stats>)` and `void(error_code)` for servers. A miss, a NOT_STORED, an EXISTS are
/// replies and no errors. Trouble is in the error_code, and the reply is `unanswered` then; of many keys those of the healthy
/// servers are answered all the same, and multi_reply::failures() says what happened to the others. Bad keys and values
/// over `max_value_length` are refused that way, too, without being sent. Handlers are called on their associated executor,
/// never from inside the initiating function, and their memory comes from their associated allocator.
///
/// **Deadline.** `client_options::timeout` from the initiating call on, over everything: errc::timed_out. The server is
/// then marked dead, left alone for `dead_retry`, and its keys go elsewhere (`failover`) until it answers.
///
/// **Cancellation.** Each call honours its handler's associated cancellation slot, completing with
/// `boost::asio::error::operation_aborted`. A call that is not written yet is taken back whatever the type. One that is
/// written completes at once for `terminal` and `partial` (a store may or may not happen), while `total` leaves stores and
/// touches alone, because what they do can no longer be prevented. The reply that comes later is swallowed
/// (server_counters::orphaned_replies), and the connection goes on. Emit the signal where Asio wants it: not while the call
/// is being started or its handler run. Any thread may do so.
///
/// **A lost connection.** A store that was written when its connection was lost fails with errc::in_doubt and is never
/// replayed. What was not written, and what may be repeated, goes out again on a new connection, once, inside its deadline.
///
/// **Thread safety.** All members, from any threads. Calls from one thread to one server are carried out in their order
/// (with one connection a server, which is the default).
///
/// **Lifetimes.** What a request's views point to must stay valid until the call completes; arrays of keys, pairs and
/// requests, too. Destroying the client, or close(), completes what is under way with `operation_aborted`. The execution
/// context has work as long as a call is under way, or the reply to one that was left, which is awaited for another
/// `timeout`. Open connections do not keep `run()` from returning.
/// After a fork the child's copy of the client opens its own connections; the context is the user's to notify.
///
///     boost::asio::awaitable<void> greet(cmemcache::client& mc) {
///       co_await mc.async_set("greeting", "hello", 60, 0, boost::asio::use_awaitable);
///       const cmemcache::reply r = co_await mc.async_get("greeting", boost::asio::use_awaitable);
///       if (r) std::cout << r.value << '\n';
///     }
class client {
 public:
  using executor_type = boost::asio::any_io_executor;

  /// A client of `servers` on `ex`. Connects to none of them yet. Throws cmemcache::error for options out of range.
  client(executor_type ex, std::vector<server> servers, client_options options = {});

  /// The same, on the executor of an execution context.
  template <class Context>
    requires std::is_convertible_v<Context&, boost::asio::execution_context&>
  client(Context& context, std::vector<server> servers, client_options options = {})
      : client(executor_type(context.get_executor()), std::move(servers), std::move(options)) {}

  /// The same, on a reactor's thread. In a forked child it goes on with the child's own reactor.
  client(reactor& runs, std::vector<server> servers, client_options options = {});

  ~client();
  client(client&&) noexcept;
  client& operator=(client&&) noexcept;

  executor_type get_executor() const;

  // ---- One key. Each completes with void(error_code, reply); the class comment says the rest.

  /// The value under `key`: hit or miss.
  template <class Token>
  auto async_get(std::string_view key, Token&& token) {
    return async_execute({.op = verb::get, .key = key}, std::forward<Token>(token));
  }

  /// The value and its cas unique: hit or miss.
  template <class Token>
  auto async_gets(std::string_view key, Token&& token) {
    return async_execute({.op = verb::gets, .key = key}, std::forward<Token>(token));
  }

  /// The value, whose expiry becomes `exptime` seconds: hit or miss.
  template <class Token>
  auto async_gat(std::string_view key, std::int64_t exptime, Token&& token) {
    return async_execute({.op = verb::gat, .key = key, .exptime = exptime}, std::forward<Token>(token));
  }

  /// Stores, whatever is there: stored.
  template <class Token>
  auto async_set(std::string_view key, std::string_view value, std::int64_t exptime, std::uint32_t flags,
                 Token&& token) {
    return async_store(verb::set, key, value, exptime, flags, std::forward<Token>(token));
  }
  template <class Token>
  auto async_set(std::string_view key, std::string_view value, Token&& token) {
    return async_store(verb::set, key, value, 0, 0, std::forward<Token>(token));
  }

  /// Stores where nothing is: stored or not_stored.
  template <class Token>
  auto async_add(std::string_view key, std::string_view value, std::int64_t exptime, std::uint32_t flags,
                 Token&& token) {
    return async_store(verb::add, key, value, exptime, flags, std::forward<Token>(token));
  }
  template <class Token>
  auto async_add(std::string_view key, std::string_view value, Token&& token) {
    return async_store(verb::add, key, value, 0, 0, std::forward<Token>(token));
  }

  /// Stores where something is: stored or not_stored.
  template <class Token>
  auto async_replace(std::string_view key, std::string_view value, std::int64_t exptime, std::uint32_t flags,
                     Token&& token) {
    return async_store(verb::replace, key, value, exptime, flags, std::forward<Token>(token));
  }
  template <class Token>
  auto async_replace(std::string_view key, std::string_view value, Token&& token) {
    return async_store(verb::replace, key, value, 0, 0, std::forward<Token>(token));
  }

  /// Puts `value` behind what is there: stored or not_stored. Flags and expiry stay.
  template <class Token>
  auto async_append(std::string_view key, std::string_view value, Token&& token) {
    return async_store(verb::append, key, value, 0, 0, std::forward<Token>(token));
  }

  /// Puts `value` before what is there: stored or not_stored. Flags and expiry stay.
  template <class Token>
  auto async_prepend(std::string_view key, std::string_view value, Token&& token) {
    return async_store(verb::prepend, key, value, 0, 0, std::forward<Token>(token));
  }

  /// Stores where the cas unique still is `unique`: stored, exists or not_found.
  template <class Token>
  auto async_cas(std::string_view key, std::string_view value, std::uint64_t unique, std::int64_t exptime,
                 std::uint32_t flags, Token&& token) {
    return async_execute(
        {.op = verb::cas, .key = key, .value = value, .flags = flags, .exptime = exptime, .number = unique},
        std::forward<Token>(token));
  }
  template <class Token>
  auto async_cas(std::string_view key, std::string_view value, std::uint64_t unique, Token&& token) {
    return async_cas(key, value, unique, 0, 0, std::forward<Token>(token));
  }

  /// Adds `delta`, wrapping at 2**64: number or not_found; errc::not_a_number where the value is none.
  template <class Token>
  auto async_incr(std::string_view key, std::uint64_t delta, Token&& token) {
    return async_execute({.op = verb::incr, .key = key, .number = delta}, std::forward<Token>(token));
  }
  template <class Token>
  auto async_incr(std::string_view key, Token&& token) {
    return async_incr(key, 1, std::forward<Token>(token));
  }

  /// Subtracts `delta`, stopping at 0: number or not_found; errc::not_a_number where the value is none.
  template <class Token>
  auto async_decr(std::string_view key, std::uint64_t delta, Token&& token) {
    return async_execute({.op = verb::decr, .key = key, .number = delta}, std::forward<Token>(token));
  }
  template <class Token>
  auto async_decr(std::string_view key, Token&& token) {
    return async_decr(key, 1, std::forward<Token>(token));
  }

  /// The expiry becomes `exptime` seconds: touched or not_found.
  template <class Token>
  auto async_touch(std::string_view key, std::int64_t exptime, Token&& token) {
    return async_execute({.op = verb::touch, .key = key, .exptime = exptime}, std::forward<Token>(token));
  }

  /// Removes: deleted or not_found.
  template <class Token>
  auto async_delete(std::string_view key, Token&& token) {
    return async_execute({.op = verb::delete_, .key = key}, std::forward<Token>(token));
  }

  /// Any request about one key. A `noreply` request completes when it is written and what was asked before it on its
  /// connection is answered, with the status of success.
  template <class Token>
  auto async_execute(const request& what, Token&& token) {
    return initiate<void(error_code, reply)>(
        std::forward<Token>(token), [](client& c, auto* done, std::uint64_t id, const request& r) { c.start(r, done, id); },
        what);
  }

  // ---- Many keys: all servers are asked at once. Each completes with void(error_code, multi_reply), one item per key.

  /// The values under many keys, each hit or miss.
  template <class Token>
  auto async_get_multi(std::span<const std::string_view> keys, Token&& token) {
    return async_keys(verb::get, keys, std::forward<Token>(token));
  }

  /// Removes many keys, each deleted or not_found.
  template <class Token>
  auto async_delete_multi(std::span<const std::string_view> keys, Token&& token) {
    return async_keys(verb::delete_, keys, std::forward<Token>(token));
  }

  /// Stores many pairs: every one `stored`, or it says what became of it.
  template <class Token>
  auto async_set_multi(std::span<const std::pair<std::string_view, std::string_view>> pairs, std::int64_t exptime,
                       std::uint32_t flags, Token&& token) {
    return initiate<void(error_code, multi_reply)>(
        std::forward<Token>(token),
        [](client& c, auto* done, std::uint64_t id, auto p, std::int64_t e, std::uint32_t f) { c.start(p, e, f, done, id); },
        pairs, exptime, flags);
  }
  template <class Token>
  auto async_set_multi(std::span<const std::pair<std::string_view, std::string_view>> pairs, Token&& token) {
    return async_set_multi(pairs, 0, 0, std::forward<Token>(token));
  }

  /// Many requests of one verb, whose options are those of the first.
  template <class Token>
  auto async_execute_multi(std::span<const request> what, Token&& token) {
    return initiate<void(error_code, multi_reply)>(
        std::forward<Token>(token), [](client& c, auto* done, std::uint64_t id, auto r) { c.start(r, done, id); }, what);
  }

  // ---- Servers: all of them are asked at once. What those in trouble did not answer is left out.

  /// Everything on every server expires, after `delay` seconds. Completes with void(error_code).
  template <class Token>
  auto async_flush_all(std::uint64_t delay, Token&& token) {
    return initiate<void(error_code)>(
        std::forward<Token>(token), [](client& c, auto* done, std::uint64_t id, std::uint64_t d) { c.start(d, done, id); },
        delay);
  }
  template <class Token>
  auto async_flush_all(Token&& token) {
    return async_flush_all(0, std::forward<Token>(token));
  }

  /// Every server's version text, in the servers' order. Completes with void(error_code, std::vector<server_stats>).
  template <class Token>
  auto async_version(Token&& token) {
    return async_ask(verb::version, {}, std::forward<Token>(token));
  }

  /// Every server's statistics; `sort` is "", "items", "slabs", "settings", ... Completes with
  /// void(error_code, std::vector<server_stats>).
  template <class Token>
  auto async_stats(std::string_view sort, Token&& token) {
    return async_ask(verb::stats, sort, std::forward<Token>(token));
  }
  template <class Token>
  auto async_stats(Token&& token) {
    return async_ask(verb::stats, {}, std::forward<Token>(token));
  }

  // ---- At once

  /// The server that `key` goes to when all are well, as it was given; nullopt without servers.
  std::optional<std::string> server_for(std::string_view key) const;

  /// Replaces the servers. Calls under way finish with the old ones.
  void set_servers(std::vector<server> servers);
  std::vector<server> servers() const;

  /// Closes the connections as soon as nothing is under way on them; the next call opens new ones.
  void disconnect_all();

  /// Servers marked dead are tried again at once.
  void forget_dead_hosts();

  std::vector<server_counters> counters() const;

  /// What is known of the cluster, with options.discovery_interval.
  discovery_status discovery() const;

  /// Closes every connection and completes what is under way with `operation_aborted`; later calls complete with
  /// errc::closed. May be called again.
  void close();

 private:
  template <class Token>
  auto async_store(verb op, std::string_view key, std::string_view value, std::int64_t exptime, std::uint32_t flags,
                   Token&& token) {
    return async_execute({.op = op, .key = key, .value = value, .flags = flags, .exptime = exptime},
                         std::forward<Token>(token));
  }

  template <class Token>
  auto async_keys(verb op, std::span<const std::string_view> keys, Token&& token) {
    return initiate<void(error_code, multi_reply)>(
        std::forward<Token>(token),
        [](client& c, auto* done, std::uint64_t id, verb v, auto k) { c.start(v, k, done, id); }, op, keys);
  }

  template <class Token>
  auto async_ask(verb op, std::string_view argument, Token&& token) {
    return initiate<void(error_code, std::vector<server_stats>)>(
        std::forward<Token>(token),
        [](client& c, auto* done, std::uint64_t id, verb v, std::string_view a) { c.start(v, a, done, id); }, op, argument);
  }

  // What a token is given to start the call with: it makes the handler's completion, ties its cancellation slot to the
  // call, and hands both to `start`.
  template <class Signature, class Start>
  struct initiation {
    using executor_type = client::executor_type;

    client* of;
    Start start;

    executor_type get_executor() const { return of->get_executor(); }

    template <class Handler, class... Arguments>
    void operator()(Handler&& handler, Arguments&&... arguments) const {
      using made = typename detail::completion_of<Signature>::template of<std::decay_t<Handler>>;
      std::uint64_t id = 0;
      if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
        id = of->next_id();
        slot.assign([engine = of->engine(), id](boost::asio::cancellation_type type) { cancel(engine, id, type); });
      }
      start(*of, made::make(std::decay_t<Handler>(std::forward<Handler>(handler)), of->here()), id,
            std::forward<Arguments>(arguments)...);
    }
  };

  template <class Signature, class Token, class Start, class... Arguments>
  auto initiate(Token&& token, Start start, Arguments&&... arguments) {
    return boost::asio::async_initiate<Token, Signature>(initiation<Signature, Start>{this, start}, token,
                                                         std::forward<Arguments>(arguments)...);
  }

  using one = detail::completion<reply>;
  using many = detail::completion<multi_reply>;

  void start(const request& what, one* done, std::uint64_t id);
  void start(verb op, std::span<const std::string_view> keys, many* done, std::uint64_t id);
  void start(std::span<const std::pair<std::string_view, std::string_view>> pairs, std::int64_t exptime,
             std::uint32_t flags, many* done, std::uint64_t id);
  void start(std::span<const request> what, many* done, std::uint64_t id);
  void start(std::uint64_t delay, detail::completion<>* done, std::uint64_t id);
  void start(verb op, std::string_view argument, detail::completion<std::vector<server_stats>>* done, std::uint64_t id);

  template <class Elements>
  void start_many(const protocol::command& what, many* done, std::uint64_t id, Elements&& elements);
  template <class... Results>
  void start_servers(const protocol::command& what, detail::completion<Results...>* done, std::uint64_t id);

  const executor_type& here() const;
  std::weak_ptr<async_engine> engine() const;
  std::uint64_t next_id() const;
  static void cancel(const std::weak_ptr<async_engine>& engine, std::uint64_t id, boost::asio::cancellation_type type);

  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace cmemcache
