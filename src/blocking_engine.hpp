#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cmemcache/options.hpp>
#include <cmemcache/reply.hpp>
#include <cmemcache/server.hpp>
#include <cmemcache/statistics.hpp>

#include "protocol/command.hpp"
#include "roster.hpp"
#include "session/results.hpp"
#include "settlement.hpp"

namespace cmemcache {

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

/// The blocking client's engine, which the C++ facade and the Python binding share: routes elements to servers,
/// borrows a connection per server, moves bytes on the calling thread, and decides what a failure means.
///
/// Thread safety: all members, from any threads at once. No Python here; the binding releases the GIL round run().
class blocking_engine {
 public:
  blocking_engine(std::vector<server> servers, client_options options)
      : roster_(std::make_shared<cmemcache::roster>(std::move(servers), std::move(options))) {}

  /// The options and the servers, for other engines of the same client.
  const std::shared_ptr<cmemcache::roster>& roster() const noexcept { return roster_; }

  const client_options& options() const noexcept { return roster_->options(); }

  /// As roster::check, which run() asks about every element unless it is told that the caller has.
  error_code check(const protocol::command& what, const protocol::element& e) const noexcept {
    return roster_->check(what, e);
  }

  /// Carries out `what` for all `elements`, filing the answer to each under its slot in `answers`. Elements whose
  /// server failed stay unanswered, and `c.failures` says why. Bad elements (see check) are refused one by one
  /// and do not hinder the others. `what.prefix` must begin with options().key_prefix; only what follows that in
  /// it is hashed along with the key. Elements are the engine's to reorder and mark until it returns.
  ///
  /// `stand_ins`: empty, or for each slot what its key is placed by instead, prefix and all.
  void run(const protocol::command& what, std::span<protocol::element> elements, session::results& answers, call& c,
           std::span<const routing::stand_in> stand_ins = {});

  /// version, stats or flush_all on every server, in their order. Servers in trouble are left out and in c.failures.
  std::vector<server_stats> ask_all(const protocol::command& what, call& c);

  std::optional<std::string> server_for(std::string_view key, std::string_view call_prefix = {}) const {
    return roster_->server_for(key, call_prefix);
  }
  std::optional<std::string> server_for_hash(std::uint64_t hash) const { return roster_->server_for_hash(hash); }
  void set_servers(std::vector<server> servers) { roster_->set_servers(std::move(servers)); }
  std::vector<server> servers() const { return roster_->servers(); }
  void forget_dead_hosts() { roster_->forget_dead_hosts(); }
  std::vector<server_counters> counters() const { return roster_->counters(); }
  discovery_status discovered() const { return roster_->discovered(); }

  /// Closes the idle connections; those of calls under way when these end.
  void disconnect_all();

  /// As disconnect_all, and for good.
  void close();

 private:
  void run_on_discovered(const protocol::command& what, std::span<protocol::element> elements, session::results& answers, call& c,
                         std::span<const routing::stand_in> stand_ins);
  std::shared_ptr<server_pool> discovered(const protocol::command& what, net::time_point start, call& c);

  const std::shared_ptr<cmemcache::roster> roster_;
  std::atomic<bool> closed_{false};
};

}  // namespace cmemcache
