#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <cmemcache/options.hpp>

#include "blocking_engine.hpp"
#include "net/direct_exchange.hpp"
#include "net/direct_pool.hpp"
#include "one_or_more.hpp"
#include "protocol/command.hpp"
#include "server_pool.hpp"
#include "session/results.hpp"
#include "settlement.hpp"

namespace cmemcache {

/// One blocking call from its first check to its last answer. Lives on the caller's stack.
///
/// It goes in rounds. A round gives every element that has no answer yet to a server, borrows a channel per server, lets
/// net::exchange move the bytes, and lets the settlement say what became of each part and what goes into another round.
/// Most calls are one part, for a server that is alive and answers: then nothing is split, and there is nothing to settle.
class blocking_call {
 public:
  /// `stand_ins`: see blocking_engine::run. `start`: when the call began, from which its deadline counts.
  blocking_call(const server_pool& servers, const client_options& options, const protocol::command& what, call& c,
                std::span<const routing::stand_in> stand_ins = {}, net::time_point start = net::steady_clock::now());

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
    one_or_more<session::pending_request> requests;
    net::direct_pool::loan loan;
    error_code error;          // borrowing failed, or the connection did
    std::uint64_t in_before = 0;
    std::uint64_t out_before = 0;
  };

  using outcome = settlement::outcome;

  bool is_usual(std::span<protocol::element> elements, part& all) const noexcept;
  bool settle_round(std::span<part> round, session::results& answers);
  void play(std::span<part> round);
  void submit(part& p, bool one_by_one);
  outcome settle(part& p);
  outcome settle_answered(part& p);
  outcome settle_unconnected(part& p);
  outcome settle_lost(part& p);
  settlement& rules();
  bool is_usable(std::size_t server) { return rules().choice().is_usable(server, now_); }
  void report(settlement::failure_list& failures);

  const server_pool& servers_;
  const client_options& options_;
  const protocol::command& what_;
  const std::span<const routing::stand_in> stand_ins_;
  call& call_;
  const net::interruption stop_;
  const net::time_point start_;
  const net::time_point deadline_;
  net::time_point now_;
  std::size_t asked_as_usual_ = routing::placement::none;   // which server
  std::optional<settlement> settlement_;                    // made when there is anything to settle
  std::vector<protocol::element> todo_;    // elements of this round
  std::vector<protocol::element> again_;   // and of the next
};

}  // namespace cmemcache
