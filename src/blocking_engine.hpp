#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cmemcache/blocking_client.hpp>
#include <cmemcache/options.hpp>
#include <cmemcache/reply.hpp>
#include <cmemcache/server.hpp>

#include "net/fork_guard.hpp"
#include "protocol/command.hpp"
#include "session/results.hpp"

namespace cmemcache {

class server_pool;

/// What one call brings besides its command, and what it takes home besides its answers. Lives on the caller's stack.
struct call {
  /// Asked on the calling thread whenever a signal interrupted a wait; true ends the call with errc::interrupted.
  /// Null in C++: waits are then resumed.
  bool (*interrupted)(void* context) noexcept = nullptr;
  void* context = nullptr;

  /// The caller has checked every element with check(), and run() need not.
  bool checked = false;

  /// One entry per server that was in trouble, in the order in which it happened. Empty when all went well.
  std::vector<failure> failures;

  /// The worst of it that should be shown: the first failure's code, or none.
  error_code first_error() const noexcept { return failures.empty() ? error_code() : failures.front().code; }
};

/// A refusal, by us or by its server, of the request `op` about `key`, in the words that failures have.
failure describe(const session::results::refusal& r, verb op, std::string_view key);

/// The blocking client's engine, which the C++ facade and the Python binding share: routes elements to servers,
/// borrows a connection per server, moves bytes on the calling thread, and decides what a failure means.
///
/// Thread safety: all members, from any threads at once. No Python here; the binding releases the GIL round run().
class blocking_engine {
 public:
  blocking_engine(std::vector<server> servers, client_options options);
  ~blocking_engine();

  const client_options& options() const noexcept { return options_; }

  /// Checks one element of `what` before anything is sent: its key (with the prefix of `what`), and its value's
  /// length. run() does so for all of them, unless it is told that the caller has.
  error_code check(const protocol::command& what, const protocol::element& e) const noexcept;

  /// Carries out `what` for all `elements`, filing the answer to each under its slot in `answers`. Elements whose
  /// server failed stay unanswered, and `c.failures` says why. Bad elements (see check) are refused one by one
  /// and do not hinder the others. `what.prefix` must begin with options().key_prefix; only what follows that in
  /// it is hashed along with the key. Elements are the engine's to reorder and mark until it returns.
  ///
  /// `hashes`: empty, or the caller's own hash for each element, found by the element's slot.
  void run(const protocol::command& what, std::span<protocol::element> elements, session::results& answers, call& c,
           std::span<const std::uint64_t> hashes = {});

  /// version, stats or flush_all on every server, in their order. Servers in trouble are left out and in c.failures.
  std::vector<server_stats> ask_all(const protocol::command& what, call& c);

  std::optional<std::string> server_for(std::string_view key, std::string_view call_prefix = {}) const;
  std::optional<std::string> server_for_hash(std::uint64_t hash) const;

  void set_servers(std::vector<server> servers);
  std::vector<server> servers() const;
  void disconnect_all();
  void forget_dead_hosts();
  std::vector<server_counters> counters() const;
  void close();

 private:
  std::shared_ptr<server_pool> pool() const;
  std::span<protocol::element> take_out_refused(const protocol::command& what, std::span<protocol::element> elements,
                                                session::results& answers) const;

  const client_options options_;
  std::atomic<bool> closed_{false};
  mutable net::fork_guarded_mutex mutex_;  // guards pool_, the pointer
  std::shared_ptr<server_pool> pool_;      // immutable once made; replaced by set_servers
};

}  // namespace cmemcache
