// The second half of pipeline: what becomes of its requests, and of those whose callers have left.

#include <algorithm>
#include <new>
#include <utility>

#include "dispatcher.hpp"
#include "pipeline.hpp"

namespace cmemcache {

using protocol::element;
using session::pending_request;

namespace {

constexpr std::size_t spare_requests = 64;

// Nothing more is asked about these, whatever is asked again of the rest of their part.
void settle_for_good(std::span<element> elements) noexcept {
  for (element& e : elements) e.answered = true;
}

// Whether part of an answer is in the way of asking again. What may be repeated is asked for key by key, where it has keys.
bool has_answer(const wire_request& r) noexcept {
  if (has_key(r.command.op) && is_repeatable(r.command.op)) return false;
  return r.told || std::ranges::any_of(r.elements, [](const element& e) { return e.answered; });
}

bool is_orphan(const part* p) noexcept { return p->of->orphan; }

}  // namespace

// Called from inside the session: only noted.
void pipeline::on_finished(pending_request& r) noexcept {
  auto& request = static_cast<wire_request&>(r);
  pipeline& self = *request.in;
  request.after = nullptr;
  (self.last_done_ == nullptr ? self.done_ : self.last_done_->after) = &request;
  self.last_done_ = &request;
}

void pipeline::settle_done(net::time_point now) {
  while (done_ != nullptr) {
    std::unique_ptr<wire_request> r(done_);
    done_ = r->after;
    if (done_ == nullptr) last_done_ = nullptr;
    (r->previous_under_way == nullptr ? under_way_list_ : r->previous_under_way->next_under_way) = r->next_under_way;
    if (r->next_under_way != nullptr) r->next_under_way->previous_under_way = r->previous_under_way;
    --under_way_;
    in_flight_keys_ -= r->elements.size();
    in_flight_bytes_ -= r->bytes;
    link_.in_flight.fetch_sub(r->carried.size(), std::memory_order_relaxed);
    const bool lost = r->result && is_fatal(r->result);
    if (!lost && !served_) {
      served_ = true;
      link_.policy.served();
    }
    if (!r->merged.empty() && !r->result) settle_gets(*r);
    else for (part* p : r->carried) settle(*r, *p, now, lost);
    if (spare_.size() >= spare_requests) continue;
    static_cast<pending_request&>(*r) = {};
    r->carried.clear();
    r->merged.clear();
    r->swallowed.clear();
    r->previous_under_way = r->next_under_way = nullptr;
    spare_.push_back(std::move(r));
  }
  if (is_idle()) trim();
}

// For the next request one spare is enough, and what many keys once took it need not hold.
void pipeline::trim() noexcept {
  constexpr std::size_t small = 16;  // keys
  if (channel_ != nullptr) channel_->session().trim();
  if (spare_.size() > 1) spare_.resize(1);
  if (!spare_.empty() && spare_[0]->merged.capacity() > small) spare_.clear();
}

// What nearly always becomes of a line of plain gets: each has its answer. The same as below, counted for all of them at once.
void pipeline::settle_gets(wire_request& r) {
  std::uint64_t hits = 0, misses = 0, orphans = 0;
  for (part* const p : r.carried) {
    operation& op = *p->of;
    --p->requests;
    if (op.orphan) {
      ++orphans;
      op.release();
      continue;
    }
    element& e = p->elements.front();
    e.answered = true;
    const status s = op.items()[e.slot].status;
    hits += s == status::hit;
    misses += s == status::miss;
    op.unhold();
    owner_.part_over(*p);
  }
  // An answer that comes too late for everybody brings no server back: that is for a probe to do.
  if (orphans != r.carried.size()) link_.answered();
  count(link_.hits, hits);
  count(link_.misses, misses);
  count(link_.orphaned_replies, orphans);
}

void pipeline::settle(wire_request& r, part& p, net::time_point now, bool lost) {
  operation& op = *p.of;
  --p.requests;
  if (!r.merged.empty()) p.elements.front().answered = r.merged[p.place].answered;
  if (op.orphan) {
    if (!lost) count(link_.orphaned_replies, 1);
  } else {
    const std::string_view last_line = channel_->session().last_line();
    settlement::outcome became;
    if (lost) {
      session::failure_policy::loss facts{.reused = served_, .answered = has_answer(r), .sent = r.written,
                                          .question = channel_->session().closed_at_question()};
      facts.taken = facts.sent && !is_repeatable(op.what.op) && channel_->may_have_taken_beyond(r.starts_at);
      became = op.settlement->lost(p.server, r.result, facts, p.retrying, last_line);
      p.retrying |= became == settlement::outcome::again;
    } else {
      became = op.settlement->answered(p.server, r, last_line);
    }
    if (became == settlement::outcome::again) p.again = true;
    else settle_for_good(r.merged.empty() ? r.elements : p.elements.first(1));
    if (p.requests == 0 && !p.queued) owner_.part_done(p, now);
  }
  op.release();
}

// The channel is closed: all that was under way on it is done, and lost.
void pipeline::lose(net::time_point now) {
  const error_code ec = channel_->error();
  const bool reached = channel_->was_open();
  const bool served = served_ || !reached || channel_->session().closed_at_question();
  if (reached) link_.tell_lost(ec);
  // Who is refused is told so at once, next time as well.
  if (!served && ec != errc::authentication_failed) link_.policy.wasted(now);
  // Those that are asked again go before those that were behind them. One that is lost in the middle is one of them.
  part_queue behind = std::exchange(queue_, {});
  part* const cut = !behind.empty() && behind.front()->requests != 0 ? behind.front() : nullptr;
  if (cut != nullptr) {
    dequeue(behind, *cut);
    cut->again |= served_;
  }
  settle_done(now);
  queue_.append(behind);
  if (!reached || !served) fail_queued(ec, reached, now);
  drop();
  owner_.go_on_later(*this);
}

void pipeline::fail_queued(error_code ec, bool reached, net::time_point now) {
  part_queue failed = std::exchange(queue_, {});
  while (!failed.empty()) {
    part& p = *failed.front();
    dequeue(failed, p);
    settlement& s = *p.of->settlement;
    const settlement::outcome became =
        reached ? s.lost(p.server, ec, {}, false, channel_->session().last_line()) : s.not_reached(p.server, ec, false);
    p.again |= became == settlement::outcome::again;
    if (p.requests == 0) owner_.part_done(p, now);
  }
}

void pipeline::shed(net::time_point now) {
  part_queue moved = std::exchange(queue_, {});
  while (!moved.empty()) {
    part& p = *moved.front();
    if (p.submitted != 0) {  // the rest of what is under way here: it waits for that
      moved.remove(p);
      queue_.push(p);
      continue;
    }
    dequeue(moved, p);
    owner_.blame(*p.of, p.server);  // should there be no time for another one, this is where it went
    p.of->settlement->give_up(p.server);
    p.again = true;
    owner_.part_done(p, now);
  }
  left(false);
}

bool pipeline::is_behind_others(const part& p) const noexcept {
  return p.requests == 0 && channel_ != nullptr && channel_->is_open() && served_ && in_flight_keys_ != 0;
}

// ---- who has left

bool pipeline::owes() const noexcept { return under_way_ != 0 || channel_->session().wants_read(); }

// With nothing under way it is the server's version that is owed.
bool pipeline::owes_orphans() const noexcept {
  bool found = under_way_ == 0;
  for (const wire_request* r = under_way_list_; r != nullptr && !found; r = r->next_under_way)
    found = std::ranges::any_of(r->carried, is_orphan);
  return found;
}

bool pipeline::is_hoped_for() const noexcept {
  for (const wire_request* r = under_way_list_; r != nullptr; r = r->next_under_way)
    if (!std::ranges::all_of(r->carried, is_orphan)) return true;
  return false;
}

void pipeline::abandon(part& p) {
  if (p.queued) dequeue(queue_, p);
  if (p.requests != 0) disown(p);
  left(p.requests != 0);
}

void pipeline::disown(part& p) {
  try {
    session::session& s = channel_->session();
    if (!p.carrier->merged.empty()) return s.disown(*p.carrier, p.place, 1);
    if (p.requests == 1) return s.disown(*p.carrier, 0, p.carrier->elements.size());
    for (wire_request* r = under_way_list_; r != nullptr; r = r->next_under_way)
      if (r->carried.front() == &p) s.disown(*r, 0, r->elements.size());
  } catch (const std::bad_alloc&) {
    channel_->fail(errc::not_enough_memory);
    owner_.go_on_later(*this);
  }
}

// A lookup and a connection that are not finished nobody needs any more. One that is open is kept, if what it owes comes in
// time.
void pipeline::left(bool owed) {
  owner_.mind(*this);
  const bool connects = channel_ != nullptr && !channel_->is_open() && !channel_->is_closed();
  if (queue_.empty() && (lookup_ != nullptr || connects)) return drop();
  if (channel_ == nullptr || !channel_->is_open() || stuck_since_ != net::time_point::max()) return;
  if (owed || (under_way_ == 0 && owes())) stuck_since_ = net::steady_clock::now();
}

}  // namespace cmemcache
