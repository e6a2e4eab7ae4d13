#include "support/script.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace cmemcache::test {

// ---- recorder

recorder::filing* recorder::open(std::uint32_t slot) {
  if (closed_)
    complaint_ = "touched after done";
  else if (slot >= filed_.size())
    complaint_ = "no such slot";
  else if (filed_[slot].times != 0)
    complaint_ = "answered twice";
  else
    return &filed_[slot];
  return nullptr;
}

char* recorder::place(std::uint32_t slot, std::size_t size) noexcept {
  ++places_;
  filing* const f = open(slot);
  if (f == nullptr || size > memory_) return nullptr;
  if (f->place != nullptr) complaint_ = "placed twice";
  f->place.reset(new char[size]);  // not zeroed: memory that was never written shall be seen
  f->size = size;
  return f->place.get();
}

void recorder::filed(std::uint32_t slot, const item& given) noexcept {
  filing* const f = open(slot);
  if (f == nullptr) return;
  ++f->times;
  f->what = {.status = given.status,
             .value = std::string(given.value),
             .flags = given.flags,
             .cas = given.cas,
             .number = given.number};
  if (given.status == status::unanswered) complaint_ = "filed as unanswered";
  if (given.status == status::hit && (given.value.data() != f->place.get() || given.value.size() != f->size))
    complaint_ = "the value does not lie in its place";
}

void recorder::refused(std::uint32_t slot, error_code why, std::string_view words) noexcept {
  filing* const f = open(slot);
  if (f == nullptr) return;
  ++f->times;
  f->what.refused = why;
  if (words.empty() || is_fatal(why)) complaint_ = "refused without a word, or fatally";
}

// ---- requests

namespace {

struct waiter : session::pending_request {
  outcome* home = nullptr;
  const session::session* of = nullptr;
  asked what;
  std::vector<protocol::element> storage;
};

void gone(session::pending_request& r) noexcept {
  auto* const w = static_cast<waiter*>(&r);
  outcome& home = *w->home;
  ++home.finished;
  home.result = r.result;
  home.written = r.written;
  home.ambiguous = r.ambiguous;
  home.early = !r.result && r.ends_at > w->of->bytes_out();
  home.answers.close();
  delete w;  // whoever touches it from here on meets the sanitizer
}

}  // namespace

std::unique_ptr<outcome> submit(session::session& to, const asked& what) {
  auto home = std::make_unique<outcome>(std::max<std::size_t>(what.keys.size(), 1));
  auto* const w = new waiter;
  w->home = home.get();
  w->of = &to;
  w->what = what;
  for (const asked_key& k : w->what.keys)
    w->storage.push_back({.key = k.key,
                          .value = k.value,
                          .flags = k.flags,
                          .slot = static_cast<std::uint32_t>(w->storage.size()),
                          .number = k.number});
  w->command = {.op = what.op,
                .noreply = what.noreply,
                .exptime = what.exptime,
                .delay = what.delay,
                .prefix = w->what.prefix,
                .argument = w->what.argument};
  w->elements = w->storage;
  w->sink = &home->answers;
  w->one_by_one = what.one_by_one;
  w->finished = gone;
  to.submit(*w);
  return home;
}

// ---- conversation

std::string exchange::written() const {
  std::string all;
  for (const step& s : script) all += s.written;
  return all;
}

std::string exchange::replied() const {
  std::string all;
  for (const step& s : script) all += s.replied;
  return all;
}

conversation::conversation(const exchange& e)
    : exchange_(e), session_(e.options), to_write_(e.written()), to_read_(e.replied()) {
  for (const asked& a : e.asks) outcomes_.push_back(submit(session_, a));
}

conversation::~conversation() { session_.fail(errc::closed); }

void conversation::play(const pace& p) {
  if (p.lost_at_read == 0) stopped_ = session_.received(0) == errc::connection_closed;
  while (!stopped_) {
    const bool wrote = write(p);
    look();
    const bool got = !stopped_ && read(p);
    look();
    if (!wrote && !got) break;
  }
  // A corrupted reply may leave the session waiting for more.
  if (!stopped_ && p.corrupt != whole) stopped_ = static_cast<bool>(session_.received(0));
}

bool conversation::write(const pace& p) {
  std::array<session::session::piece, 3> pieces;
  const std::size_t count = session_.output(pieces);
  std::size_t taken = 0;
  const std::size_t most = std::min(p.write, p.lost_at_written - written_.size());
  for (std::size_t i = 0; i < count && taken < most; ++i) {
    const std::size_t part = std::min(pieces[i].size, most - taken);
    written_.append(pieces[i].data, part);
    taken += part;
  }
  if (taken != 0) session_.wrote(taken);
  if (!to_write_.starts_with(written_)) misled_ = true;
  if (written_.size() == p.lost_at_written) {
    session_.fail(make_error_code(boost::system::errc::connection_reset));
    stopped_ = true;
  }
  return taken != 0;
}

// Reads go to the value's place first, then to the buffer, and take what both hold.
bool conversation::read(const pace& p) {
  std::size_t sent = 0, due = 0;
  for (const step& s : exchange_.script) {
    due += s.written.size();
    if (misled_ || written_.size() < due) break;
    sent += s.replied.size();
  }
  if (sent <= read_) return false;
  std::size_t size = std::min({sent, read_ < p.cut ? p.cut : whole, p.lost_at_read}) - read_;
  size = std::min(size, p.read);
  if (size == 0) return false;
  const auto [value, buffer] = session_.input();
  size = std::min(size, value.size() + buffer.size());
  std::string bytes = to_read_.substr(read_, size);
  if (p.corrupt - read_ < size) bytes[p.corrupt - read_] = p.byte;
  const std::size_t of_value = std::min(size, value.size());
  if (of_value != 0) std::memcpy(value.data(), bytes.data(), of_value);
  if (size > of_value) std::memcpy(buffer.data(), bytes.data() + of_value, size - of_value);
  read_ += size;
  stopped_ = static_cast<bool>(session_.received(size));
  if (!stopped_ && read_ == p.lost_at_read) stopped_ = static_cast<bool>(session_.received(0));
  return true;
}

// After every step: idle means that another caller may have the connection.
void conversation::look() {
  if (!session_.idle()) return;
  const bool all_done = std::all_of(outcomes_.begin(), outcomes_.end(), [](const auto& o) { return o->finished == 1; });
  if (stopped_)
    complaint_ = "idle after a failure";
  else if (!all_done)
    complaint_ = "idle before all is done";
  else if (session_.wants_read() || session_.wants_write())
    complaint_ = "idle and yet it wants something";
}

std::string conversation::judge_whole() const {
  if (!complaint_.empty()) return complaint_;
  if (written_ != to_write_) return "written: " + written_;
  if (read_ != to_read_.size()) return "read only " + std::to_string(read_) + " bytes; " + session_.last_line();
  if (!session_.idle()) return "not idle; " + session_.last_line();
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    const outcome& o = *outcomes_[i];
    const asked& a = exchange_.asks[i];
    const std::string name = "request " + std::to_string(i) + ": ";
    if (o.finished != 1) return name + "finished " + std::to_string(o.finished) + " times";
    if (o.early) return name + "finished before it was written";
    if (o.result != a.result) return name + o.result.message();
    if (o.ambiguous != a.ambiguous) return name + "ambiguous";
    if (!o.answers.complaint().empty()) return name + o.answers.complaint();
    if (o.answers.stats() != a.stats) return name + "statistics";
    if (a.keys.empty() && !(o.answers[0] == a.answer)) return name + "answer";
    for (std::size_t k = 0; k < a.keys.size(); ++k)
      if (!(o.answers[k] == a.keys[k].answer))
        return name + a.keys[k].key + " was answered " + std::string(to_string(o.answers[k].status)) + " '" +
               o.answers[k].value + "' " + std::to_string(o.answers[k].flags);
  }
  return {};
}

std::string conversation::judge_lost() const { return judge_broken(false); }
std::string conversation::judge_corrupted() const { return judge_broken(true); }

namespace {

// Every value of a test begins with its key; at most one byte of a reply was corrupted.
bool carries(const std::string& value, const std::string& expected, std::size_t key_size, bool of_any_length) {
  const std::size_t size = std::min({value.size(), expected.size(), key_size});
  std::size_t different = 0;
  for (std::size_t i = 0; i < size; ++i) different += value[i] != expected[i];
  return different <= 1 && (of_any_length || value.size() + 10 >= expected.size());
}

}  // namespace

std::string conversation::judge_broken(bool corrupted) const {
  if (!complaint_.empty()) return complaint_;
  if (session_.idle() && stopped_) return "idle after a failure";
  bool failed = false;
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    const outcome& o = *outcomes_[i];
    const asked& a = exchange_.asks[i];
    const std::string name = "request " + std::to_string(i) + ": ";
    if (o.finished != 1) return name + "finished " + std::to_string(o.finished) + " times";
    if (o.early) return name + "finished before it was written";
    if (!o.answers.complaint().empty()) return name + o.answers.complaint();
    const bool succeeded = o.result == a.result;
    if (succeeded && failed && !corrupted) return name + "succeeded after another failed";
    failed = failed || !succeeded;
    for (std::size_t k = 0; k < std::max<std::size_t>(a.keys.size(), 1); ++k) {
      const answer& expected = a.keys.empty() ? a.answer : a.keys[k].answer;
      const answer& got = o.answers[k];
      if (!o.answers.has(k)) {
        const bool may_lack = o.result || o.ambiguous || (expected == answer{} && !corrupted) || a.op == verb::stats;
        if (!may_lack) return name + "succeeded without an answer";
        continue;
      }
      if (!corrupted && !(got == expected)) return name + "a wrong answer was filed";
      // A STAT line's text may swallow the line behind it: nothing in it says where it ends.
      if (!corrupted || got.refused || a.keys.empty()) continue;
      const bool is_binary = exchange_.options.protocol == wire_protocol::binary;  // a byte says what a word says, and how long
      if (got.status != expected.status && !expected.refused && !a.ambiguous && !is_binary)
        return name + "filed " + std::string(to_string(got.status));
      if (got.status == status::hit && !carries(got.value, expected.value, a.keys[k].key.size(), is_binary))
        return name + "another's value: " + got.value;
    }
  }
  return {};
}

}  // namespace cmemcache::test
