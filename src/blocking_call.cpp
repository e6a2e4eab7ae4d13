#include "blocking_call.hpp"

#include <algorithm>
#include <cstdio>
#include <unordered_set>

namespace cmemcache {

using protocol::element;
using session::pending_request;

namespace {

// One request's worth of bytes: a line or a batch is long enough to cost little and short enough to overlap with its
// answers. memcached takes a `get` line of any length, but closes on a long `gat` that comes in pieces.
std::size_t request_bound(verb op) noexcept {
  constexpr std::size_t longest_line_in_pieces = 1500;
  return op == verb::gat || op == verb::gats ? longest_line_in_pieces : 48 * 1024;
}

std::size_t cost_of(const element& e, std::size_t prefix) noexcept {
  return prefix + e.key.size() + 1 + std::min(e.value.size(), protocol::gather::reference_threshold);
}

bool is_connection_loss(const error_code& ec) noexcept {
  return ec == errc::connection_closed || ec.category() == boost::system::system_category();
}

void count(std::atomic<std::uint64_t>& counter, std::uint64_t n) noexcept {
  if (n != 0) counter.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace

blocking_call::blocking_call(const server_pool& servers, const client_options& options,
                             const protocol::command& what, call& c, std::span<const std::uint64_t> hashes)
    : servers_(servers),
      options_(options),
      what_(what),
      call_(c),
      stop_{c.interrupted, c.context},
      start_(net::steady_clock::now()),
      deadline_(net::deadline_after(start_, options.timeout)),
      now_(start_),
      choice_(servers, options, what.prefix, hashes) {}

void blocking_call::run(std::span<element> elements, session::results& answers) {
  std::vector<element> todo;
  std::span<element> left = elements;
  bool stopped = false;
  while (!left.empty() && !stopped) {
    const server_choice::shares shares = choice_.split(left, now_);
    if (choice_.left_out()) add_no_server();
    parts round(shares.size());
    for (std::size_t i = 0; i < shares.size(); ++i) {
      round[i].server = shares[i].server;
      round[i].elements = shares[i].elements;
      round[i].sink = &answers;
    }
    play(round);
    for (part& p : round) {
      const outcome became = settle(p);
      tally(p, answers);
      stopped |= became == outcome::stop;
      if (became != outcome::again) continue;
      for (const element& e : p.elements)
        if (!e.answered) again_.push_back(e);
    }
    todo.swap(again_);
    again_.clear();
    left = todo;
  }
  // A server that only sent the call elsewhere did it no harm.
  const auto unanswered = [](const item& i) { return i.status == status::unanswered; };
  const auto harmful = [](const failure& f) { return f.code == errc::protocol_error; };
  if (call_.failures.empty() || std::ranges::any_of(call_.failures, harmful)) return;
  if (std::ranges::none_of(answers.items(), unanswered)) call_.failures.clear();
}

void blocking_call::run_on_all(std::span<session::reply_sink* const> sinks) {
  boost::container::small_vector<std::size_t, 8> todo;
  for (const std::size_t i : servers_.borrowing_order()) {
    if (choice_.is_usable(i, now_)) todo.push_back(i);
    else add_failure(i, errc::no_server, "it is marked dead");
  }
  bool stopped = false;
  while (!todo.empty() && !stopped) {
    parts round(todo.size());
    for (std::size_t i = 0; i < todo.size(); ++i) {
      round[i].server = todo[i];
      round[i].sink = sinks[todo[i]];
    }
    todo.clear();
    play(round);
    for (part& p : round) {
      const outcome became = settle(p);
      stopped |= became == outcome::stop;
      if (became == outcome::again && choice_.is_usable(p.server, now_)) todo.push_back(p.server);
    }
  }
}

// ---- moving bytes

void blocking_call::play(parts& round) {
  using need = net::direct_pool::need;
  boost::container::small_vector<net::leg, 4> legs;
  bool waited = now_ != start_;
  for (part& p : round) {
    const server_choice::standing& s = choice_[p.server];
    const need what = s.probing && options_.flush_on_reconnect ? need::fresh_and_flushed
                      : s.probing || s.retried                 ? need::fresh
                                                               : need::any;
    net::direct_pool& connections = servers_[p.server].connections;
    p.loan = connections.borrow(what, deadline_, stop_, waited, p.error);
    // Without a reply nothing would tell that the connection was stale, and the request be lost in silence.
    if (what_.noreply && p.loan && p.loan.reused() && p.loan->is_stale()) {
      p.loan->fail(errc::connection_closed);
      p.loan.give_back();
      p.loan = connections.borrow(need::fresh, deadline_, stop_, waited, p.error);
    }
    if (p.error == errc::interrupted) break;
    if (!p.loan) continue;
    submit(p);
    legs.push_back({.channel = &*p.loan, .last = &p.requests.back(), .result = {}});
  }
  if (waited) now_ = net::steady_clock::now();
  if (std::ranges::any_of(round, [](const part& p) { return p.error == errc::interrupted; }))
    for (net::leg& l : legs) l.channel->fail(l.result = errc::interrupted);
  net::exchange({legs.data(), legs.size()}, start_, now_, deadline_, stop_);
  auto leg = legs.begin();
  for (part& p : round)
    if (p.loan) p.error = (leg++)->result;
}

// The requests must not move once the session has them: all are made before the first is submitted.
void blocking_call::submit(part& p) {
  session::session& s = p.loan->session();
  p.in_before = s.bytes_in();
  p.out_before = s.bytes_out();
  const auto add = [&](std::span<element> elements) {
    pending_request& r = p.requests.emplace_back();
    r.command = what_;
    r.elements = elements;
    r.sink = p.sink;
    r.one_by_one = choice_[p.server].one_by_one;
  };
  p.requests.clear();
  const std::size_t bound = request_bound(what_.op);
  std::size_t from = 0, bytes = 0;
  for (std::size_t i = 0; i < p.elements.size(); ++i) {
    const std::size_t cost = cost_of(p.elements[i], what_.prefix.size());
    if (bytes + cost > bound && i > from) {
      add(p.elements.subspan(from, i - from));
      from = i;
      bytes = 0;
    }
    bytes += cost;
  }
  add(p.elements.subspan(from));
  for (pending_request& r : p.requests) s.submit(r);
}

// ---- what became of it

blocking_call::outcome blocking_call::settle(part& p) {
  if (!p.loan) return settle_unconnected(p);
  server_link& link = servers_[p.server];
  const session::session& s = p.loan->session();
  count(link.bytes_in, s.bytes_in() - p.in_before);
  count(link.bytes_out, s.bytes_out() - p.out_before);
  const outcome became = !p.loan->is_closed()  ? settle_answered(p)
                         : p.loan->was_open() ? settle_lost(p)
                                              : settle_unconnected(p);
  p.loan.give_back();
  return became;
}

blocking_call::outcome blocking_call::settle_answered(part& p) {
  servers_[p.server].policy.prove_alive();
  bool ambiguous = false;
  for (const pending_request& r : p.requests) {
    if (r.result) add_failure(p.server, r.result, p.loan->session().last_line());
    ambiguous |= r.ambiguous;
  }
  if (!ambiguous) return outcome::over;
  if (what_.op == verb::delete_) {  // asked again, those that were deleted would not be found
    add_failure(p.server, errc::server_error, p.loan->session().last_line());
    return outcome::over;
  }
  choice_[p.server].one_by_one = true;
  return outcome::again;
}

// The server was not reached. The keys may go elsewhere, if there is time.
blocking_call::outcome blocking_call::settle_unconnected(part& p) {
  const error_code ec = p.error;
  if (!ec) return outcome::stop;  // the round was interrupted before its turn
  add_failure(p.server, ec);
  if (ec == errc::interrupted || ec == errc::closed) return outcome::stop;
  if (ec == errc::timed_out) count(servers_[p.server].timeouts, 1);
  const bool waited_for_our_own = !p.loan && ec == errc::timed_out;
  if (!waited_for_our_own) mark_dead(p.server);
  now_ = net::steady_clock::now();
  return now_ < deadline_ ? outcome::again : outcome::stop;
}

// The connection was lost or given up in the middle.
blocking_call::outcome blocking_call::settle_lost(part& p) {
  error_code ec = p.error;
  server_choice::standing& s = choice_[p.server];
  const session::session& lost = p.loan->session();
  if (is_connection_loss(ec)) {
    const bool nothing_sent = lost.bytes_out() == p.out_before;  // all that a unix socket can tell
    const bool repeatable =
        is_repeatable(what_.op) || nothing_sent || !p.loan->acknowledged_beyond(p.out_before);
    if (p.loan.reused() && !s.retried && lost.bytes_in() == p.in_before && repeatable) {
      s.retried = true;
      now_ = net::steady_clock::now();
      return outcome::again;
    }
    if (!is_repeatable(what_.op) && p.requests.front().written) ec = errc::in_doubt;
  }
  if (ec == errc::timed_out) {
    count(servers_[p.server].timeouts, 1);
    mark_dead(p.server);
  }
  add_failure(p.server, ec, lost.last_line());
  return ec == errc::interrupted ? outcome::stop : outcome::over;
}

void blocking_call::tally(const part& p, session::results& answers) {
  server_link& link = servers_[p.server];
  std::uint64_t hits = 0, misses = 0, stores = 0;
  for (const element& e : p.elements) {
    const status s = answers.items()[e.slot].status;
    hits += s == status::hit;
    misses += s == status::miss;
    stores += s == status::stored;
  }
  count(link.hits, hits);
  count(link.misses, misses);
  count(link.stores, stores);
  if (!answers.refusals().empty()) name_refusals(p, answers);
}

// A refusal names its slot; whose words they were is known here.
void blocking_call::name_refusals(const part& p, session::results& answers) {
  std::unordered_set<std::uint32_t> slots;
  for (const element& e : p.elements) slots.insert(e.slot);
  for (session::results::refusal& r : answers.refusals())
    if (!r.words.empty() && slots.contains(r.slot)) r.server = servers_[p.server].where.text;
}

void blocking_call::mark_dead(std::size_t server) {
  server_link& link = servers_[server];
  if (link.policy.mark_dead(net::steady_clock::now())) count(link.marked_dead, 1);
  link.connections.disconnect();
  choice_[server].use = server_choice::standing::verdict::unusable;
}

void blocking_call::add_failure(std::size_t server, error_code ec, std::string_view words) {
  const std::string& name = servers_[server].where.text;
  const auto waited = std::chrono::duration<double>(net::steady_clock::now() - start_).count();
  char after[40];
  std::snprintf(after, sizeof after, " (after %.3f s)", waited);
  std::string text = name + ": " + std::string(to_string(what_.op)) + ": " + ec.message();
  if (!words.empty()) text.append(": ").append(words);
  call_.failures.push_back({ec, name, text + after});
}

void blocking_call::add_no_server() {
  if (!call_.failures.empty()) return;  // which says more
  const std::string dead = choice_.unusable_names();
  const error_code ec = errc::no_server;
  call_.failures.push_back({ec, {}, std::string(to_string(what_.op)) + ": " + ec.message() +
                                        (dead.empty() ? ": none is configured" : ": marked dead: " + dead)});
}

}  // namespace cmemcache
