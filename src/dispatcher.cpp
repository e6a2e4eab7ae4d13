#include "dispatcher.hpp"

#include <algorithm>
#include <new>
#include <unordered_set>
#include <utility>

#include <boost/container/small_vector.hpp>

namespace cmemcache {

using protocol::element;

namespace {

// Whether it can be told afterwards that the verb was carried out.
bool leaves_traces(verb op) noexcept {
  return op != verb::get && op != verb::gets && op != verb::version && op != verb::stats;
}

// Asio's word for it.
error_code operation_aborted() noexcept {
  return {boost::system::errc::operation_canceled, boost::system::system_category()};
}

template <class Work>
void for_each_open_part(operation& op, Work&& work) {
  const auto consider = [&](part& p) {
    if (p.queued || p.requests != 0) work(p);
  };
  if (op.parts == 0) return;
  consider(op.first_part);
  for (part& p : op.more_parts) consider(p);
}

}  // namespace

dispatcher::dispatcher(std::shared_ptr<cmemcache::roster> servers, driver& waits)
    : roster_(std::move(servers)), driver_(waits) {}

// Who waits is told nothing: their execution context is going away.
dispatcher::~dispatcher() {
  close();
  while (operation* const op = over_.pop()) op->release();
}

// ---- beginning

void dispatcher::submit(operation& op, net::time_point now) noexcept {
  ++size_;
  operation* before = latest_;
  while (before != nullptr && before->deadline > op.deadline) before = before->earlier;
  op.earlier = before;
  op.later = before == nullptr ? earliest_ : before->later;
  (op.earlier == nullptr ? earliest_ : op.earlier->later) = &op;
  (op.later == nullptr ? latest_ : op.later->earlier) = &op;
  try {
    begin(op, now);
  } catch (const std::bad_alloc&) {
    abandon(op, errc::not_enough_memory);
  }
}

void dispatcher::begin(operation& op, net::time_point now) {
  // One that comes too late says nothing about its server.
  if (!op.error && now >= op.deadline) op.error = errc::timed_out;
  if (op.error) return finish(op);
  if (op.id != 0) by_id_.emplace(op.id, &op);
  roster_->look(now);
  if (roster_->discovers()) [[unlikely]]
    if (auto list = roster_->awaited_list()) return hold(op, std::move(list));
  if (current_ == nullptr || roster_->version() != version_) {
    version_ = roster_->version();  // first: a newer pool under an older number is only looked at again
    adopt(roster_->pool());
  }
  op.servers = current_;
  op.settlement.emplace(*op.servers, roster_->options(), op.what, op.start, op.stand_ins);
  op.prepare();
  if (!has_key(op.what.op)) return route_to_all(op, now);
  if (const std::span<element> asked = op.elements(); !asked.empty()) return route(op, asked, true, now);
  finish(op);
}

// The servers are not known yet.
void dispatcher::hold(operation& op, std::shared_ptr<cluster_lookup> until) {
  held_.push_back(&op);
  op.held = true;
  if (awaited_ != nullptr) return;
  try {
    driver_.watch(until->fd(), *this, true, false);
    awaited_ = std::move(until);
  } catch (const std::exception&) {  // the driver has no memory, or no room
    throw std::bad_alloc();
  }
}

void dispatcher::go_on_with_held() {
  const net::time_point now = net::steady_clock::now();
  driver_.forget(awaited_->fd());
  awaited_.reset();
  const std::vector<operation*> held = std::exchange(held_, {});
  for (operation* const op : held) op->held = false;
  for (operation* const op : held) {
    try {
      begin(*op, now);
    } catch (const std::bad_alloc&) {
      abandon(*op, errc::not_enough_memory);
    }
  }
}

// `stay`: these are where they can be left.
void dispatcher::route(operation& op, std::span<element> todo, bool stay, net::time_point now) {
  for (const server_choice::share& share : op.settlement->split(todo, now)) {
    part& p = op.add_part();
    p.server = share.server;
    p.elements = share.elements;
    if (!stay || share.elements.data() != todo.data()) {
      p.own.assign(share.elements.begin(), share.elements.end());
      p.elements = p.own;
    }
    enqueue(op, p);
  }
  if (op.open_parts == 0) finish(op);
}

void dispatcher::route_to_all(operation& op, net::time_point now) {
  for (std::size_t i = 0; i < op.servers->size(); ++i) {
    if (!op.settlement->choice().is_usable(i, now)) {
      blame(op, i);
      continue;
    }
    part& p = op.add_part();
    p.server = i;
    enqueue(op, p);
  }
  if (op.open_parts == 0) finish(op);
}

void dispatcher::enqueue(operation& op, part& p) {
  p.sink = &op.sink(p);
  pipeline& to = least_loaded(op, p.server);
  go_on_later(to);
  to.enqueue(p);
  ++op.open_parts;
}

pipeline& dispatcher::least_loaded(operation& op, std::size_t server) {
  lanes& l = op.servers == current_ ? *by_server_[server] : lanes_of(*op.servers, server);
  if (l.all.size() == 1) return *l.all.front();
  return **std::ranges::min_element(l.all, std::less<>(), [](const auto& p) { return p->load(); });
}

dispatcher::lanes& dispatcher::lanes_of(const server_pool& servers, std::size_t server) {
  lanes& l = lanes_[&servers[server]];
  if (l.all.empty()) {
    l.link = servers.share(server);
    for (std::size_t i = 0; i < roster_->options().pipelined_connections; ++i)
      l.all.push_back(std::make_unique<pipeline>(*l.link, roster_->options(), *this, driver_));
  }
  return l;
}

// The servers were replaced: connections to those that are gone close when nothing is under way on them.
void dispatcher::adopt(const std::shared_ptr<server_pool>& servers) {
  std::vector<lanes*> by_server;
  for (std::size_t i = 0; i < servers->size(); ++i) by_server.push_back(&lanes_of(*servers, i));
  const std::unordered_set<const lanes*> kept(by_server.begin(), by_server.end());
  const auto is_over = [&](const std::unique_ptr<pipeline>& p) {
    return p->is_idle() && !p->goes_on;
  };
  for (auto at = lanes_.begin(); at != lanes_.end();) {
    lanes& l = at->second;
    const bool listed = kept.contains(&l);
    if (!listed) std::ranges::for_each(l.all, [](const auto& p) { p->disconnect(); });
    at = !listed && std::ranges::all_of(l.all, is_over) ? lanes_.erase(at) : std::next(at);
  }
  by_server_ = std::move(by_server);
  current_ = servers;
}

// ---- ending

void dispatcher::part_done(part& p, net::time_point now) noexcept {
  operation& op = *p.of;
  if (op.orphan) return;
  --op.open_parts;
  op.settlement->tally(p.server, p.elements, op.items(), op.refusals());
  try {
    if (std::exchange(p.again, false)) again(p, now);
  } catch (const std::bad_alloc&) {
    return abandon(op, errc::not_enough_memory);
  }
  if (op.open_parts == 0 && !op.orphan) finish(op);
}

void dispatcher::part_over(part& p) noexcept {
  operation& op = *p.of;
  if (--op.open_parts == 0) finish(op);
}

// A server that is not asked any more does not answer in silence.
void dispatcher::blame(operation& op, std::size_t server) {
  const auto& failures = op.settlement->failures();
  if (std::ranges::find(failures, (*op.servers)[server].where.text, &failure::server) == failures.end())
    op.settlement->add_failure(server, errc::no_server, "it is marked dead");
}

// The part itself is left as it is: its elements are asked as other parts.
void dispatcher::again(part& p, net::time_point now) {
  operation& op = *p.of;
  if (!has_key(op.what.op)) {
    if (!op.settlement->choice().is_usable(p.server, now)) return blame(op, p.server);
    part& once_more = op.add_part();
    once_more.server = p.server;
    return enqueue(op, once_more);
  }
  boost::container::small_vector<element, 1> todo;
  for (const element& e : p.elements)
    if (!e.answered) todo.push_back(e);
  if (todo.empty()) return;
  ++op.open_parts;  // that of the routing itself: it shall not finish the operation
  route(op, {todo.data(), todo.size()}, false, now);
  --op.open_parts;
}

void dispatcher::expire(operation& op, net::time_point now) noexcept {
  if (op.held) return abandon(op, errc::timed_out);
  std::vector<pipeline*> dead;
  for_each_open_part(op, [&](part& p) {
    if (p.requests == 0) op.settlement->not_reached(p.server, errc::timed_out, p.in->is_behind_others(p));
    else op.settlement->ran_out(p.server);
    if (p.in->link().policy.is_alive()) return;
    for (const auto& lane : lanes_[&p.in->link()].all) dead.push_back(lane.get());
  });
  for_each_open_part(op, [&](part& p) {
    op.settlement->tally(p.server, p.elements, op.items(), op.refusals());
  });
  abandon(op, {});
  for (pipeline* p : dead) p->shed(now);
}

// Its caller is told, whatever is still under way; that is swallowed when it comes.
void dispatcher::abandon(operation& op, error_code why) noexcept {
  op.error = why;
  op.orphan = true;
  for_each_open_part(op, [](part& p) { p.in->abandon(p); });
  finish(op);
}

void dispatcher::finish(operation& op) noexcept {
  (op.earlier == nullptr ? earliest_ : op.earlier->later) = op.later;
  (op.later == nullptr ? latest_ : op.later->earlier) = op.earlier;
  if (op.id != 0) by_id_.erase(op.id);
  if (std::exchange(op.held, false)) std::erase(held_, &op);
  --size_;
  if (op.settlement && !op.settlement->failures().empty() && has_key(op.what.op))
    op.settlement->failures_after(op.items());
  op.orphan = true;
  over_.push(op);
}

void dispatcher::drop(operation& op) noexcept { abandon(op, operation_aborted()); }

void dispatcher::cancel(std::uint64_t id, bool only_without_traces) noexcept {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  operation& op = *found->second;
  bool written = false;
  for_each_open_part(op, [&](part& p) { written |= p.submitted != 0 || p.requests != 0; });
  if (only_without_traces && written && leaves_traces(op.what.op)) return;
  abandon(op, operation_aborted());
}

void dispatcher::disconnect_all() {
  for_each_pipeline([](pipeline& p) { p.disconnect(); });
}

void dispatcher::close() noexcept {
  while (earliest_ != nullptr) drop(*earliest_);
  if (awaited_ != nullptr) {
    driver_.forget(awaited_->fd());
    awaited_.reset();
  }
  for_each_pipeline([](pipeline& p) {
    p.close();
    p.goes_on = false;
  });
  waiting_.clear();
}

// ---- turns

void dispatcher::go_on_later(pipeline& p) {
  if (p.goes_on) return;
  waiting_.push_back(&p);
  p.goes_on = true;
}

// Of many connections few have a time to mind: those that connect, pause, or owe orphans.
void dispatcher::mind(pipeline& p) noexcept {
  if (std::exchange(p.minded, true)) return;
  p.next_minded = std::exchange(minded_, &p);
}

void dispatcher::forget(pipeline& p) noexcept {
  if (!p.minded) return;
  pipeline** at = &minded_;
  while (*at != &p) at = &(*at)->next_minded;
  *at = p.next_minded;
}

void dispatcher::turn() noexcept {
  if (!waiting_.empty()) {
    const net::time_point now = net::steady_clock::now();
    while (!waiting_.empty()) {
      pipeline* const next = waiting_.back();
      waiting_.pop_back();
      next->goes_on = false;
      next->go_on(now);
    }
  }
  arm();
  if (!over_.empty()) driver_.deliver(over_.take());
}

void dispatcher::wake() noexcept {
  armed_ = net::time_point::max();
  const net::time_point now = net::steady_clock::now();
  const auto is_over = [&] { return earliest_ != nullptr && earliest_->deadline <= now; };
  // After a while in which we could do nothing (the process was stopped, a handler took its time) answers may lie in the
  // sockets that came in time. They are no less good, and their servers not silent.
  if (is_over()) for_each_pipeline([](pipeline& p) { p.look_once_more(); });
  while (is_over()) expire(*earliest_, now);
  for_each_pipeline([&](pipeline& p) { p.tick(now); });
}

// A wake-up that comes too early is harmless, so it is not put off each time that the earliest operation is over.
void dispatcher::arm() {
  net::time_point first = earliest_ == nullptr ? net::time_point::max() : earliest_->deadline;
  for (pipeline** at = &minded_; *at != nullptr;) {
    pipeline& p = **at;
    const net::time_point tick = p.next_tick();
    first = std::min(first, tick);
    if (tick != net::time_point::max()) {
      at = &p.next_minded;
    } else {
      *at = p.next_minded;
      p.minded = false;
    }
  }
  if (first >= armed_ && first != net::time_point::max()) return;
  if (first == armed_) return;
  try {
    driver_.wake_at(first);
    armed_ = first;
  } catch (const std::bad_alloc&) {  // after the next turn, then
  }
}

template <class Work>
void dispatcher::for_each_pipeline(Work&& work) {
  for (auto& [link, l] : lanes_)
    for (const auto& p : l.all) work(*p);
}

}  // namespace cmemcache
