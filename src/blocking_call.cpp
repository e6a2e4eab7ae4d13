#include "blocking_call.hpp"

#include <algorithm>
#include <iterator>

#include "request_size.hpp"

namespace cmemcache {

using protocol::element;
using session::pending_request;

blocking_call::blocking_call(const server_pool& servers, const client_options& options,
                             const protocol::command& what, call& c, std::span<const routing::stand_in> stand_ins,
                             net::time_point start)
    : servers_(servers),
      options_(options),
      what_(what),
      stand_ins_(stand_ins),
      call_(c),
      stop_{c.interrupted, c.context},
      start_(start),
      deadline_(net::deadline_after(start_, options.timeout)),
      now_(start_) {}

settlement& blocking_call::rules() {
  if (!settlement_) {
    settlement_.emplace(servers_, options_, what_, start_, stand_ins_);
    if (asked_as_usual_ != routing::placement::none) settlement_->choice().chosen(asked_as_usual_, start_);
  }
  return *settlement_;
}

void blocking_call::run(std::span<element> elements, session::results& answers) {
  std::span<element> left = elements;
  bool stopped = false;
  if (part all; is_usual(elements, all)) {
    asked_as_usual_ = all.server;
    all.sink = &answers;
    play({&all, 1});
    stopped = settle_round({&all, 1}, answers);
    left = todo_;
  }
  while (!left.empty() && !stopped) {
    const server_choice::shares shares = rules().split(left, now_);
    std::vector<part> round(shares.size());
    for (std::size_t i = 0; i < shares.size(); ++i) {
      round[i].server = shares[i].server;
      round[i].elements = shares[i].elements;
      round[i].sink = &answers;
    }
    play(round);
    stopped = settle_round(round, answers);
    left = todo_;
  }
  if (settlement_) report(settlement_->failures_after(answers.items()));
}

// One part, whose server is known without asking who else is usable.
bool blocking_call::is_usual(std::span<element> elements, part& all) const noexcept {
  const bool is_sole_key = elements.size() == 1 && stand_ins_.empty() && what_.prefix.size() == options_.key_prefix.size();
  if (servers_.size() != 1 && !is_sole_key) return false;
  all.server = servers_.size() == 1 ? 0 : servers_.placement().pick(elements[0].key);
  all.elements = elements;
  return all.server != routing::placement::none && servers_[all.server].policy.is_alive();
}

// Whether the call is to stop. What is to be asked again is in todo_ then.
bool blocking_call::settle_round(std::span<part> round, session::results& answers) {
  bool stopped = false;
  for (part& p : round) {
    const outcome became = settle(p);
    settlement::tally(servers_[p.server], what_.op, p.elements, answers.items(), answers.refusals());
    stopped |= became == outcome::stop;
    if (became != outcome::again) continue;
    for (const element& e : p.elements)
      if (!e.answered) again_.push_back(e);
  }
  todo_.swap(again_);
  again_.clear();
  return stopped;
}

void blocking_call::run_on_all(std::span<session::reply_sink* const> sinks) {
  boost::container::small_vector<std::size_t, 8> todo;
  for (const std::size_t i : servers_.borrowing_order()) {
    if (is_usable(i)) todo.push_back(i);
    else rules().add_failure(i, errc::no_server, "it is marked dead");
  }
  bool stopped = false;
  while (!todo.empty() && !stopped) {
    std::vector<part> round(todo.size());
    for (std::size_t i = 0; i < todo.size(); ++i) {
      round[i].server = todo[i];
      round[i].sink = sinks[todo[i]];
    }
    todo.clear();
    play(round);
    for (part& p : round) {
      const outcome became = settle(p);
      stopped |= became == outcome::stop;
      if (became == outcome::again && is_usable(p.server)) todo.push_back(p.server);
    }
  }
  report(rules().failures());
}

void blocking_call::report(settlement::failure_list& failures) {
  std::ranges::move(failures, std::back_inserter(call_.failures));
}

// ---- moving bytes

void blocking_call::play(std::span<part> round) {
  using need = net::direct_pool::need;
  boost::container::small_vector<net::leg, 4> legs;
  bool waited = now_ != start_;
  bool interrupted = false;
  for (part& p : round) {
    const server_choice::standing s = settlement_ ? settlement_->choice()[p.server] : server_choice::standing{};
    const need what = s.probing && servers_[p.server].policy.flush_on_reconnect() ? need::fresh_and_flushed
                      : s.probing || s.retried                 ? need::fresh
                                                               : need::any;
    net::direct_pool& connections = servers_[p.server].connections;
    p.loan = connections.borrow(what, now_, deadline_, stop_, waited, p.error);
    if (p.loan && p.loan->is_stale(now_, p.loan.reused(), what_.noreply)) {
      p.loan->fail(errc::connection_closed);
      p.loan.give_back();
      servers_[p.server].tell_lost(errc::connection_closed);
      p.loan = connections.borrow(need::fresh, now_, deadline_, stop_, waited, p.error);
    }
    if (!p.loan) {
      interrupted = p.error == errc::interrupted;
      if (interrupted) break;
      continue;
    }
    submit(p, s.one_by_one);
    legs.push_back({.channel = &*p.loan, .last = &p.requests.all().back(), .result = {}});
  }
  if (waited) now_ = net::steady_clock::now();
  if (interrupted)
    for (net::leg& l : legs) l.channel->fail(l.result = errc::interrupted);
  net::exchange({legs.data(), legs.size()}, start_, now_, deadline_, stop_);
  auto leg = legs.begin();
  for (part& p : round)
    if (p.loan) p.error = (leg++)->result;
}

// The requests do not move once the session has them: they are counted first.
void blocking_call::submit(part& p, bool one_by_one) {
  session::session& s = p.loan->session();
  p.in_before = s.bytes_in();
  p.out_before = s.bytes_out();
  std::span<element> rest = p.elements;
  std::size_t size = request_size(what_, rest);
  std::size_t count = 1;
  for (std::size_t before = size; before < rest.size(); ++count) before += request_size(what_, rest.subspan(before));
  for (pending_request& r : p.requests.make(count)) {
    r.command = what_;
    r.elements = rest.first(size);
    r.sink = p.sink;
    r.one_by_one = one_by_one;
    s.submit(r);
    rest = rest.subspan(size);
    if (!rest.empty()) size = request_size(what_, rest);
  }
}

// ---- what became of it

blocking_call::outcome blocking_call::settle(part& p) {
  if (!p.loan) return settle_unconnected(p);
  server_link& link = servers_[p.server];
  const session::session& s = p.loan->session();
  count(link.bytes_in, s.bytes_in() - p.in_before);
  count(link.bytes_out, s.bytes_out() - p.out_before);
  if (p.loan->was_open() && !p.loan.reused()) link.tell_connected(*p.loan);
  const outcome became = !p.loan->is_closed()  ? settle_answered(p)
                         : p.loan->was_open() ? settle_lost(p)
                                              : settle_unconnected(p);
  p.loan.give_back();
  return became;
}

blocking_call::outcome blocking_call::settle_answered(part& p) {
  outcome became = outcome::over;
  servers_[p.server].answered();
  for (const pending_request& r : p.requests) {
    if (!r.result && !r.ambiguous) continue;
    if (rules().answered(p.server, r, p.loan->session().last_line()) == outcome::again) became = outcome::again;
  }
  return became;
}

blocking_call::outcome blocking_call::settle_unconnected(part& p) {
  if (!p.error) return outcome::stop;  // the round was interrupted before its turn
  const bool waited_for_our_own = !p.loan && (p.error == errc::timed_out || p.error == errc::no_server);
  if (rules().not_reached(p.server, p.error, waited_for_our_own) == outcome::stop) return outcome::stop;
  now_ = net::steady_clock::now();
  return now_ < deadline_ ? outcome::again : outcome::stop;
}

blocking_call::outcome blocking_call::settle_lost(part& p) {
  const session::session& lost = p.loan->session();
  servers_[p.server].tell_lost(p.error);
  session::failure_policy::loss facts{.reused = p.loan.reused(),
                                      .answered = lost.bytes_in() != p.in_before,
                                      .sent = p.requests[0].written,  // all that a unix socket can tell
                                      .question = lost.closed_at_question()};
  facts.taken = facts.sent && !is_repeatable(what_.op) && p.loan->may_have_taken_beyond(p.out_before);
  const outcome became = rules().lost(p.server, p.error, facts, false, lost.last_line());
  if (became == outcome::again) now_ = net::steady_clock::now();
  return became;
}

}  // namespace cmemcache
