#include "player.hpp"

#include <algorithm>
#include <set>

namespace soak {

using cmemcache::request;
using cmemcache::status;
using cmemcache::verb;

namespace {

constexpr std::size_t shared_keys = 200;

std::string shared(std::size_t n) { return "soak:shared:" + std::to_string(n); }

std::vector<std::string_view> views(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

}  // namespace

player::player(station& s, caller& way, std::size_t number, std::uint64_t seed)
    : station_(s),
      way_(way),
      lane_(s.counts.new_lane()),
      dice_(seed * 1000 + number),
      counter_("soak:count:" + s.values.name() + ':' + std::to_string(number)),
      patched_("soak:patch:" + s.values.name() + ':' + std::to_string(number)),
      bulk_("soak:bulk:" + s.values.name() + ':' + std::to_string(number)) {}

asio::awaitable<void> player::turn() {
  if (const auto checks = station_.checks.load(); lane_.checks < checks) {
    calm_ = true;
    co_await check();
    calm_ = false;
    lane_.checks = checks;
    co_return;
  }
  const std::size_t dice = up_to(dice_, 96);
  if (dice < 30) co_await play_get(verb::get);
  else if (dice < 33) co_await play_get(verb::gat);
  else if (dice < 39) co_await play_cas();
  else if (dice < 47) co_await play_get_multi();
  else if (dice < 61) co_await play_store(verb::set);
  else if (dice < 64) co_await play_store(verb::add);
  else if (dice < 67) co_await play_store(verb::replace);
  else if (dice < 73) co_await play_patch();
  else if (dice < 78) co_await play_set_multi();
  else if (dice < 81) co_await play_store(verb::delete_);
  else if (dice < 84) co_await play_store(verb::touch);
  else if (dice < 86) co_await play_delete_multi();
  else if (dice < 92) co_await play_count(verb::incr);
  else if (dice < 95) co_await play_count(verb::decr);
  else co_await play_servers();
}

asio::awaitable<void> player::play_get(verb op) {
  const std::string key = some_key();
  const auto [ec, r] = co_await call({.op = op, .key = key, .exptime = op == verb::gat ? 300 : 0});
  if (r.status == status::hit) look_at(key, r.value);
}

asio::awaitable<void> player::play_cas() {
  const std::string key = some_key();
  const auto [ec, r] = co_await call({.op = verb::gets, .key = key});
  if (r.status != status::hit) co_return;
  look_at(key, r.value);
  const std::string value = station_.values.value(key, some_length(dice_), dice_);
  co_await call({.op = verb::cas, .key = key, .value = value, .number = r.cas});
}

asio::awaitable<void> player::play_get_multi() {
  const auto keys = some_keys(std::size_t{1} << up_to(dice_, 6));
  const auto asked = views(keys);
  const auto [ec, r] = co_await call_many("get_multi", asked, [&] { return way_.get_multi(asked); });
  for (std::size_t i = 0; i < r.size(); ++i)
    if (r[i].status == status::hit) look_at(keys[i], r[i].value);
}

asio::awaitable<void> player::play_store(verb op) {
  const std::string key = some_key();
  const std::string value = is_storage(op) ? station_.values.value(key, some_length(dice_), dice_) : "";
  co_await call({.op = op, .key = key, .value = value, .exptime = op == verb::touch ? 300 : 0});
}

asio::awaitable<void> player::play_patch() {
  const auto [ec, r] = co_await call({.op = verb::get, .key = patched_});
  if (r.status == status::hit)
    if (const auto wrong = patches_complaint(patched_, r.value, patches_); !wrong.empty())
      station_.counts.note("wrong", "patches " + wrong);
  if (!ec && (r.status == status::miss || r.value.size() > 3000)) {
    co_await call({.op = verb::set, .key = patched_});
    co_return;
  }
  for (std::size_t n = 1 + up_to(dice_, 3); n > 0; --n) {
    const std::string token = patched_ + '#' + std::to_string(++patches_) + ';';
    co_await call({.op = up_to(dice_, 1) == 0 ? verb::append : verb::prepend, .key = patched_, .value = token});
  }
}

asio::awaitable<void> player::play_set_multi() {
  const auto stored = fresh(std::size_t{1} << up_to(dice_, 5), up_to(dice_, 9) == 0 ? 2000 : 100);
  co_await store_many(stored);
}

asio::awaitable<void> player::play_delete_multi() {
  const auto keys = some_keys(5);
  const auto asked = views(keys);
  co_await call_many("delete_multi", asked, [&] { return way_.delete_multi(asked); });
}

asio::awaitable<void> player::play_count(verb op) {
  if (op == verb::incr) ++incrs_;
  const auto [ec, r] = co_await call({.op = op, .key = counter_, .number = 1});
  if (r.status == status::not_found && !ec && op == verb::incr)
    co_await call({.op = verb::add, .key = counter_, .value = "0"});
  if (r.status == status::number && (r.number > incrs_ || (op == verb::incr && r.number == 0)))
    station_.counts.note("wrong", counter_ + ": " + std::to_string(r.number) + " after " + std::to_string(incrs_) + " calls");
}

asio::awaitable<void> player::play_servers() {
  const unsigned exempt = station_.exempt;
  const time_point began = steady::now();
  lane_.began = began.time_since_epoch().count();
  const bool version = up_to(dice_, 1) == 0;
  each asked = version ? way_.version() : way_.stats();
  auto [ec, r] = co_await std::move(asked);
  std::size_t absent = 0;
  for (std::size_t i = 0; i < station_.servers.size(); ++i) {
    const bool there = std::any_of(r.begin(), r.end(), [&](const auto& s) { return s.server == station_.servers[i]; });
    if (!there && ec && ((exempt | station_.exempt) >> i & 1U) == 0) ++absent;
  }
  judge(version ? "version" : "stats", absent, began, ec);
}

asio::awaitable<void> player::check() {
  const std::string key = bulk_ + ':' + std::to_string(serial_++);
  const std::string value = station_.values.value(key, some_length(dice_), dice_);
  const auto epoch = station_.behind.epoch();
  const auto [set_ec, s] = co_await call({.op = verb::set, .key = key, .value = value, .exptime = bulk_exptime});
  const auto [get_ec, g] = co_await call({.op = verb::get, .key = key});
  if (s.status != status::stored || g.value != value)
    station_.counts.note("lost", key + ": set, " + set_ec.message() + ", then read " + g.value.substr(0, 60) + ", " +
                                     get_ec.message());
  verifier::pairs mine;
  mine.emplace_back(key, value);
  station_.behind.claim(epoch, std::move(mine), home(key));

  const auto stored = fresh(20, 500);
  if (const std::size_t failed = co_await store_many(stored); failed != 0)
    station_.counts.note("lost", "set_multi among healthy servers: " + std::to_string(failed) + " failed");
  std::vector<std::string_view> asked;
  for (const auto& [k, v] : stored) asked.push_back(k);
  const auto [ec, r] = co_await call_many("get_multi", asked, [&] { return way_.get_multi(asked); });
  std::size_t right = 0;
  for (std::size_t i = 0; i < r.size(); ++i) right += r[i].value == stored[i].second ? 1 : 0;
  if (right != stored.size())
    station_.counts.note("lost", "get_multi after set_multi: " + std::to_string(right) + " of " +
                                     std::to_string(stored.size()) + ": " + ec.message());
  station_.counts.count("checked");
}

one player::call(request what) {
  const bool well = healthy(what.key);
  const time_point began = steady::now();
  lane_.began = began.time_since_epoch().count();
  if (!calm_) may_cancel();
  auto [ec, r] = co_await way_.execute(what);
  const std::string name = std::string(to_string(what.op)) + ' ' + std::string(what.key);
  if (!ec && r.status == status::unanswered) station_.counts.note("broken", name + ": no answer, and no error");
  judge(name.c_str(), ec && well && healthy(what.key) ? 1 : 0, began, ec);
  co_return std::tuple(ec, std::move(r));
}

template <class Start>
many player::call_many(const char* what, std::vector<std::string_view> keys, Start start) {
  std::vector<bool> well;
  for (const auto key : keys) well.push_back(healthy(key));
  const time_point began = steady::now();
  lane_.began = began.time_since_epoch().count();
  if (!calm_) may_cancel();
  auto [ec, r] = co_await start();
  const bool cancelled = ec == asio::error::operation_aborted;
  std::size_t harmed = 0, unanswered = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i < r.size() && r[i].status != status::unanswered) continue;
    ++unanswered;
    if (well[i] && healthy(keys[i])) ++harmed;
  }
  if (unanswered > 0 && !cancelled && (!ec || r.failures().empty()))
    station_.counts.note("lost", std::string(what) + ": " + std::to_string(unanswered) + " unanswered, and nothing says why");
  judge(what, harmed, began, ec);
  co_return std::tuple(ec, std::move(r));
}

// Under keys that nobody else ever writes: what is not listed must be on a server. How many were not stored.
asio::awaitable<std::size_t> player::store_many(const bulk& stored) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs(stored.begin(), stored.end());
  std::vector<std::string_view> asked;
  for (const auto& [k, v] : stored) asked.push_back(k);
  const auto epoch = station_.behind.epoch();
  const auto [ec, r] = co_await call_many("set_multi", asked, [&] { return way_.set_multi(pairs); });
  verifier::pairs claimed;
  for (std::size_t i = 0; i < r.size(); ++i)
    if (r[i].status == status::stored) claimed.push_back(stored[i]);
  const std::size_t failed = stored.size() - claimed.size();
  station_.behind.claim(epoch, std::move(claimed));
  co_return failed;
}

void player::judge(const char* what, std::size_t failed_at_home, time_point began, error_code ec) {
  const time_point ended = steady::now();
  lane_.began = 0;
  ++lane_.ops;
  station_.counts.timed(began, ended, what);
  if (ec == asio::error::operation_aborted) {
    ++lane_.cancelled;
  } else if (ec) {
    ++lane_.failed;
    if (failed_at_home > 0)
      station_.counts.harmed(began, ended, std::string(what) + ": " + std::to_string(failed_at_home) + " failed: " + ec.message());
  }
}

std::size_t player::home(std::string_view key) const {
  const auto name = way_.server_for(key).value_or("");
  return static_cast<std::size_t>(std::find(station_.servers.begin(), station_.servers.end(), name) - station_.servers.begin());
}

bool player::healthy(std::string_view key) const { return (station_.exempt >> home(key) & 1U) == 0; }

std::string player::some_key() { return shared(up_to(dice_, shared_keys - 1)); }

std::vector<std::string> player::some_keys(std::size_t count) {
  std::set<std::size_t> numbers;
  while (numbers.size() < count) numbers.insert(up_to(dice_, shared_keys - 1));
  std::vector<std::string> keys;
  for (const std::size_t n : numbers) keys.push_back(shared(n));
  return keys;
}

player::bulk player::fresh(std::size_t count, std::size_t length) {
  bulk made;
  for (std::size_t i = 0; i < count; ++i) {
    std::string key = bulk_ + ':' + std::to_string(serial_++);
    std::string value = station_.values.value(key, up_to(dice_, length), dice_);
    made.emplace_back(std::move(key), std::move(value));
  }
  return made;
}

void player::look_at(std::string_view key, std::string_view value) {
  if (const auto wrong = station_.values.complaint(key, value); !wrong.empty()) station_.counts.note("wrong", wrong);
}

}  // namespace soak
