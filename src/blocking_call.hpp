#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <boost/container/small_vector.hpp>

#include <cmemcache/options.hpp>

#include "blocking_engine.hpp"
#include "net/direct_exchange.hpp"
#include "net/direct_pool.hpp"
#include "protocol/command.hpp"
#include "server_choice.hpp"
#include "server_pool.hpp"
#include "session/results.hpp"

namespace cmemcache {

/// One blocking call from its first check to its last answer. Lives on the caller's stack.
///
/// It goes in rounds. A round gives every element that has no answer yet to a server, borrows a channel per server,
/// lets net::exchange move the bytes, and settles what became of each part:
///
///     answered                                          ─▶ done
///     could not connect, server marked dead             ─▶ next round, on the keys' next servers (`failover`)
///     an idle connection was stale, nothing was done    ─▶ next round, same server, new connection; once
///     a bulk store's failure did not say whose it was   ─▶ next round, same server, every store with a reply
///     anything else                                     ─▶ unanswered, and a failure that says why
class blocking_call {
 public:
  /// `hashes`: see blocking_engine::run.
  blocking_call(const server_pool& servers, const client_options& options, const protocol::command& what, call& c,
                std::span<const std::uint64_t> hashes = {});

  /// A command about keys.
  void run(std::span<protocol::element> elements, session::results& answers);

  /// A command about a server, for each of them; `sinks`: one per server.
  void run_on_all(std::span<session::reply_sink* const> sinks);

 private:
  // One server's part of a round.
  struct part {
    std::size_t server = 0;
    std::span<protocol::element> elements;
    session::reply_sink* sink = nullptr;
    boost::container::small_vector<session::pending_request, 1> requests;
    net::direct_pool::loan loan;
    error_code error;          // borrowing failed, or the connection did
    std::uint64_t in_before = 0;
    std::uint64_t out_before = 0;
  };

  enum class outcome { over, again, stop };

  using parts = boost::container::small_vector<part, 1>;

  void play(parts& round);
  void submit(part& p);
  outcome settle(part& p);
  outcome settle_answered(part& p);
  outcome settle_unconnected(part& p);
  outcome settle_lost(part& p);
  void tally(const part& p, session::results& answers);
  void name_refusals(const part& p, session::results& answers);
  void mark_dead(std::size_t server);
  void add_failure(std::size_t server, error_code ec, std::string_view words = {});
  void add_no_server();

  const server_pool& servers_;
  const client_options& options_;
  const protocol::command& what_;
  call& call_;
  const net::interruption stop_;
  const net::time_point start_;
  const net::time_point deadline_;
  net::time_point now_;
  server_choice choice_;
  std::vector<protocol::element> again_;   // elements for the next round
};

}  // namespace cmemcache
