#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <boost/container/small_vector.hpp>

#include <cmemcache/error.hpp>
#include <cmemcache/options.hpp>
#include <cmemcache/reply.hpp>

#include "net/deadline.hpp"
#include "protocol/command.hpp"
#include "server_choice.hpp"
#include "server_pool.hpp"
#include "session/pending_request.hpp"
#include "session/results.hpp"

namespace cmemcache {

/// A refusal, by us or by its server, of the request `op` about `key`, in the words that failures have.
failure describe(const session::results::refusal& r, verb op, std::string_view key);

/// What became of one server's part of a call, and what is to be done about it. The rules are the same for whoever moves
/// the bytes, who tells the facts and is told:
///
///     answered                                          ─▶ over
///     could not connect                                 ─▶ again, on the keys' next servers (`failover`)
///     a connection used before was lost, nothing done   ─▶ again, same server, new connection; once
///     a bulk store's failure did not say whose it was   ─▶ again, same server, every store with a reply
///     anything else                                     ─▶ over: unanswered, and a failure that says why
///
/// Belongs to one call. Keeps what the call has learned of its servers, and the failures to be reported.
class settlement {
 public:
  enum class outcome : std::uint8_t { over, again, stop };

  /// `prefix` of `what` and `stand_ins`: see server_choice. All must outlive this.
  /// The first takes no memory: there is always something to report.
  using failure_list = boost::container::small_vector<failure, 1>;

  settlement(const server_pool& servers, const client_options& options, const protocol::command& what,
             net::time_point start, std::span<const routing::stand_in> stand_ins);

  server_choice& choice() noexcept { return choice_; }

  /// Splits `todo` by server; elements that no server may be tried for stay unanswered, and a failure says so.
  server_choice::shares split(std::span<protocol::element> todo, net::time_point now);

  /// Requests of a part were answered; their outcomes say how.
  outcome answered(std::size_t server, const session::pending_request& r, std::string_view last_line);

  /// The server was not reached, or is not to be tried. `waited_for_our_own`: time ran out in our own queue.
  outcome not_reached(std::size_t server, error_code ec, bool waited_for_our_own);

  /// The connection ended in the middle.
  /// `facts`: as the mover of the bytes knows them. `retrying`: another piece of the same part was lost with this one, and is
  /// asked again.
  outcome lost(std::size_t server, error_code ec, session::failure_policy::loss facts, bool retrying,
               std::string_view last_line);

  /// The deadline passed while the server owed an answer.
  void ran_out(std::size_t server);

  /// The server is marked dead: is not asked any more by this call.
  void give_up(std::size_t server) noexcept { choice_[server].use = server_choice::standing::verdict::unusable; }

  /// Adds what the answers of `elements` to `op` are to the figures of their server, and names it in its refusals.
  static void tally(server_link& link, verb op, std::span<const protocol::element> elements, std::span<const item> items,
                    std::span<session::results::refusal> refusals);
  void tally(std::size_t server, std::span<const protocol::element> elements, std::span<const item> items,
             std::span<session::results::refusal> refusals) {
    tally(servers_[server], what_.op, elements, items, refusals);
  }

  void add_failure(std::size_t server, error_code ec, std::string_view words = {}) noexcept;

  /// What is to be reported, once nothing is left to be done: a server that only sent the call elsewhere did it no harm,
  /// and is not mentioned.
  failure_list& failures_after(std::span<const item> items);
  failure_list& failures() noexcept { return failures_; }

 private:
  session::failure_policy::trouble silence_of(std::size_t server);
  void blame(std::size_t server, session::failure_policy::trouble what, const error_code& ec);
  void add_no_server();

  const server_pool& servers_;
  const protocol::command& what_;
  const net::time_point start_;
  server_choice choice_;
  failure_list failures_;
};

}  // namespace cmemcache
