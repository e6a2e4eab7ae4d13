#include "pipeline.hpp"

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

#include "dispatcher.hpp"
#include "request_size.hpp"

namespace cmemcache {

using protocol::element;
using session::pending_request;

namespace {

// Bytes. A server answers a line at a time: on shorter ones the first callers have their answers while it still looks for
// those of the last. Much shorter ones cost more than they gain.
constexpr std::size_t longest_merged_line = 4096;
constexpr std::size_t usual_key = 10;  // bytes: what memory is taken for

constexpr int reads_in_a_row = 8;

// A key that may share a `get` line with others'.
bool is_plain_get(const part& p) noexcept {
  const protocol::command& what = p.of->what;
  return what.op == verb::get && p.elements.size() == 1 && p.submitted == 0;
}

bool share_a_line(const part& a, const part& b) noexcept { return is_plain_get(b) && a.of->what.prefix == b.of->what.prefix; }

std::size_t bytes_of(const protocol::command& what, std::span<const element> elements) noexcept {
  std::size_t bytes = 0;
  for (const element& e : elements) bytes += what.prefix.size() + e.key.size() + e.value.size();
  return bytes;
}

// How many of `elements`, from the front, have no more than `room` bytes; at least one, where there are any.
std::size_t fitting(const protocol::command& what, std::span<const element> elements, std::size_t room) noexcept {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    bytes += bytes_of(what, elements.subspan(i, 1));
    if (bytes > room && i > 0) return i;
  }
  return elements.size();
}

}  // namespace

pipeline::pipeline(server_link& link, const client_options& options, dispatcher& owner, driver& waits)
    : link_(link), options_(options), owner_(owner), driver_(waits) {}

pipeline::~pipeline() {
  close();
  owner_.forget(*this);
}

void pipeline::enqueue(part& p) {
  // A server that was dead is tried on a new connection, unless somebody still hopes for the old one.
  if (p.of->settlement->choice()[p.server].probing && !link_.policy.is_alive()) {
    renew_ = true;
    flush_first_ = link_.policy.flush_on_reconnect();
  }
  queue_.push(p);
  p.in = this;
  p.queued = true;
  queued_keys_ += p.elements.size();
}

void pipeline::dequeue(part_queue& from, part& p) noexcept {
  from.remove(p);
  p.queued = false;
  queued_keys_ -= p.elements.size() - p.submitted;
}

// ---- connecting

void pipeline::go_on(net::time_point now) noexcept {
  owner_.mind(*this);
  try {
    step(now);
  } catch (const std::bad_alloc&) {
    give_up(errc::not_enough_memory, now);
  }
}

// Everybody here is told.
void pipeline::give_up(error_code ec, net::time_point now) {
  owner_.mind(*this);
  if (channel_ != nullptr) {
    channel_->fail(ec);
    return lose(now);
  }
  fail_queued(ec, false, now);
  drop();
}

void pipeline::step(net::time_point now) {
  if (std::exchange(renew_, false) && !is_hoped_for()) {
    if (channel_ != nullptr) channel_->fail(errc::connection_closed);
    settle_done(now);
    drop();
  }
  link_.names.look(now);
  if (channel_ != nullptr && channel_->is_open() && link_.names.version() != names_version_) {
    disconnect();
    if (channel_ == nullptr) return;
  }
  // No connection is made for those who have left since.
  if (channel_ == nullptr || !channel_->is_open())
    while (!queue_.empty() && !queue_.front()->of->wanted()) owner_.drop(*queue_.front()->of);
  if (channel_ == nullptr && (queue_.empty() || !open(now))) return;
  advance(false, now);
}

// Whether there is a channel now. While the name is looked up, and in a pause, there is none.
bool pipeline::open(net::time_point now) {
  if (lookup_ != nullptr) {
    if (!lookup_->finished()) return false;
    driver_.forget(lookup_->fd());
    auto addresses = link_.names.found(lookup_->take(), now);
    lookup_.reset();
    connect(std::move(addresses));
    return true;
  }
  if (now < link_.policy.connect_at()) return false;
  if (auto known = net::known_addresses(link_.where)) {
    connect(std::move(*known));
    return true;
  }
  try {
    lookup_ = std::make_unique<net::lookup>(link_.where);
    driver_.watch(lookup_->fd(), *this, true, false);
  } catch (const std::system_error&) {  // no thread, no descriptor
    lookup_.reset();
    fail_queued(errc::not_enough_memory, false, now);
  }
  return false;
}

void pipeline::connect(std::vector<net::endpoint> addresses) {
  net::channel::settings settings = channel_settings(options_, link_.known, link_.tls.get());
  settings.session.flush_first = std::exchange(flush_first_, false);
  channel_ = std::make_unique<net::channel>(std::move(addresses), settings);
  names_version_ = link_.names.version();
  served_ = was_open_ = false;
  counted_in_ = counted_out_ = 0;
  stuck_since_ = net::time_point::max();
}

void pipeline::ready(bool readable, bool writable) {
  owner_.mind(*this);
  const net::time_point now = net::steady_clock::now();
  if (channel_ == nullptr) return queue_.empty() ? drop() : go_on(now);
  if (channel_->is_connecting()) return advance(channel_->waits_to_read() ? readable : writable, now);
  if (readable && channel_->is_open()) {
    const bool came = receive();
    if (!came && !channel_->is_closed() && !writable) return;  // a false alarm
    if (stuck_since_ != net::time_point::max() && came) stuck_since_ = now;
  }
  advance(writable, now);
}

// Whether anything was there. When that filled the buffer there is more, and no need to be told; but others shall have their turn.
bool pipeline::receive() {
  session::session& s = channel_->session();
  const std::uint64_t before = s.bytes_in();
  for (int times = 0; times < reads_in_a_row; ++times) {
    const auto places = s.input();
    const std::uint64_t full = s.bytes_in() + places.value.size() + places.buffer.size();
    if (channel_->receive(false) || s.bytes_in() < full) break;
  }
  while (channel_->has_more()) channel_->receive_held();
  return s.bytes_in() != before;
}

void pipeline::look_once_more() {
  if (under_way_ != 0 && channel_->is_open()) ready(true, false);
}

// ---- sending

// One step of the socket, and whatever follows from it: requests answered make room for others.
void pipeline::advance(bool ready, net::time_point now) {
  // Another address is another descriptor, and the driver must not hear of one that is closed.
  if (!channel_->is_open()) unwatch();
  try {
    channel_->advance(ready, now);
    while (!channel_->is_closed()) {
      settle_done(now);
      if (!fill(now)) break;
      channel_->advance(false, now);
    }
  } catch (const std::bad_alloc&) {
    channel_->fail(errc::not_enough_memory);
  }
  if (!was_open_ && channel_->was_open()) {
    was_open_ = true;
    count(link_.pipelines_open, 1);
    count(link_.pipelines_opened, 1);
    link_.tell_connected(*channel_);
  }
  count_io();
  if (channel_->is_closed()) return lose(now);
  if (!owes()) stuck_since_ = net::time_point::max();
  if (close_when_idle_ && under_way_ == 0) return disconnect();
  watch(now);
}

bool pipeline::has_room() const noexcept {
  return in_flight_keys_ < options_.max_in_flight && in_flight_bytes_ < options_.max_in_flight_bytes;
}

// Gives the session what it can encode now. Whether that was anything.
bool pipeline::fill(net::time_point now) {
  session::session& s = channel_->session();
  bool any = false;
  while (!queue_.empty() && channel_->is_open() && s.is_ready() && has_room() && !close_when_idle_) {
    part& head = *queue_.front();
    if (!head.of->wanted()) {
      owner_.drop(*head.of);
      continue;
    }
    if (channel_->is_stale(now, served_ && under_way_ == 0, head.of->what.noreply)) {
      channel_->fail(errc::connection_closed);
      return false;
    }
    submit_next();
    s.output({});  // encodes
    any = true;
  }
  return any;
}

void pipeline::submit_next() {
  std::unique_ptr<wire_request> made = new_request();
  wire_request& r = *made;
  part& head = *queue_.front();
  r.in = this;
  r.command = head.of->what;
  r.one_by_one = head.of->settlement->choice()[head.server].one_by_one;
  r.told = false;
  r.finished = on_finished;
  r.sink = &r;
  is_plain_get(head) ? merge(r) : cut(r);
  r.bytes = bytes_of(r.command, r.elements);
  in_flight_keys_ += r.elements.size();
  in_flight_bytes_ += r.bytes;
  count(link_.in_flight, r.carried.size());
  for (part* p : r.carried) {
    ++p->requests;
    p->of->hold();
  }
  ++under_way_;
  r.next_under_way = under_way_list_;
  if (under_way_list_ != nullptr) under_way_list_->previous_under_way = &r;
  under_way_list_ = made.release();
  channel_->session().submit(r);
}

void pipeline::merge(wire_request& r) {
  part& first = *queue_.front();
  const std::size_t room = options_.max_in_flight - in_flight_keys_;
  std::size_t bytes = 0;
  const std::size_t many = std::min({queued_keys_, room, longest_merged_line / usual_key});
  r.carried.reserve(many);
  r.merged.reserve(many);
  while (!queue_.empty() && r.carried.size() < room) {
    part& p = *queue_.front();
    if (&p != &first && (!share_a_line(first, p) || !p.of->wanted())) break;
    bytes += request_bytes(r.command, p.elements.front());
    if (bytes > longest_merged_line && !r.carried.empty()) break;
    p.carrier = &r;
    p.place = r.carried.size();
    r.merged.push_back(p.elements.front());
    r.merged.back().slot = static_cast<std::uint32_t>(p.place);
    r.carried.push_back(&p);
    dequeue(queue_, p);
    p.submitted = 1;
  }
  r.elements = r.merged;
}

void pipeline::cut(wire_request& r) {
  part& p = *queue_.front();
  const std::span<element> rest = p.elements.subspan(p.submitted);
  r.elements = rest.first(std::min(request_size(r.command, rest), options_.max_in_flight - in_flight_keys_));
  r.elements = r.elements.first(fitting(r.command, r.elements, options_.max_in_flight_bytes - in_flight_bytes_));
  r.carried.push_back(&p);
  p.carrier = &r;
  queued_keys_ -= r.elements.size();
  p.submitted += r.elements.size();
  if (p.submitted == p.elements.size()) dequeue(queue_, p);
}

std::unique_ptr<wire_request> pipeline::new_request() {
  if (spare_.empty()) return std::make_unique<wire_request>();
  auto r = std::move(spare_.back());
  spare_.pop_back();
  return r;
}

// ---- waiting

void pipeline::watch(net::time_point now) {
  const bool reads = channel_->waits_to_read();
  const bool writes = channel_->waits_to_write();
  if (reads == watches_read_ && writes == watches_write_) return;
  try {
    driver_.watch(channel_->fd(), *this, reads, writes);
    watched_ = channel_->fd();
    watches_read_ = reads;
    watches_write_ = writes;
  } catch (const std::exception&) {  // the driver has no memory, or no room
    channel_->fail(errc::not_enough_memory);
    lose(now);
  }
}

void pipeline::unwatch() noexcept {
  if (watched_ >= 0) driver_.forget(std::exchange(watched_, -1));
  watches_read_ = watches_write_ = false;
}

net::time_point pipeline::next_tick() const noexcept {
  net::time_point at = net::time_point::max();
  if (channel_ != nullptr) {
    at = channel_->wake_at();
    if (stuck_since_ != net::time_point::max()) at = std::min(at, net::deadline_after(stuck_since_, options_.timeout));
  } else if (!queue_.empty() && lookup_ == nullptr) {
    at = link_.policy.connect_at();
  }
  return at;
}

void pipeline::tick(net::time_point now) {
  if (now < next_tick()) return;
  if (channel_ != nullptr && stuck_since_ != net::time_point::max() &&
      now >= net::deadline_after(stuck_since_, options_.timeout)) {
    // Those who came later have their own deadlines; to them the connection is lost.
    if (owes_orphans()) channel_->fail(errc::connection_closed);
    else stuck_since_ = net::time_point::max();
  }
  go_on(now);
}

void pipeline::count_io() {
  const session::session& s = channel_->session();
  count(link_.bytes_in, s.bytes_in() - std::exchange(counted_in_, s.bytes_in()));
  count(link_.bytes_out, s.bytes_out() - std::exchange(counted_out_, s.bytes_out()));
}

// ---- the end

void pipeline::disconnect() {
  if (channel_ == nullptr) return;
  close_when_idle_ = under_way_ != 0;
  if (close_when_idle_) return;
  drop();
  if (!queue_.empty()) owner_.go_on_later(*this);
}

void pipeline::close() {
  if (channel_ != nullptr) channel_->fail(errc::closed);
  while (done_ != nullptr) {
    const std::unique_ptr<wire_request> r(done_);
    done_ = r->after;
    link_.in_flight.fetch_sub(r->carried.size(), std::memory_order_relaxed);
    for (part* p : r->carried) p->of->release();
  }
  last_done_ = nullptr;
  under_way_list_ = nullptr;
  under_way_ = in_flight_keys_ = in_flight_bytes_ = 0;
  drop();
}

void pipeline::drop() noexcept {
  if (lookup_ != nullptr) {
    driver_.forget(lookup_->fd());
    lookup_.reset();
  }
  if (channel_ != nullptr) {
    unwatch();
    if (was_open_) link_.pipelines_open.fetch_sub(1, std::memory_order_relaxed);
    channel_.reset();
  }
  was_open_ = served_ = close_when_idle_ = false;
  stuck_since_ = net::time_point::max();
}

}  // namespace cmemcache
