#include "support/story.hpp"

#include <chrono>
#include <utility>

namespace cmemcache::test {

namespace {

std::string value_of(const std::string& key, const std::string& version, std::size_t size = 0) {
  std::string value = key + "=" + version + ";";
  while (value.size() < size) value.append(std::to_string(value.size())).append(1000, '.');  // each place is its own
  return value;
}

// After one of these nobody knows whether a store was carried out.
bool leaves_doubt(const error_code& ec) { return ec == errc::in_doubt || ec == errc::timed_out; }

}  // namespace

void story::tell() {
  const auto start = std::chrono::steady_clock::now();
  const std::string word = key("word"), number = key("number"), large = key("large"), quiet = key("quiet");
  get(verb::get, word);
  set(word, value_of(word, "1"));
  get(verb::get, word);
  if (const std::uint64_t unique = get(verb::gets, word)) cas(word, value_of(word, "2"), unique);
  set(number, "41");
  incr(number);
  incr(number);
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) keys.push_back(key("many") + std::to_string(i));
  set_multi(keys);
  get_multi(keys);
  set(large, value_of(large, "1", large_));
  get(verb::get, large);
  set(quiet, value_of(quiet, "1"), true);
  get(verb::get, quiet);
  delete_(large);
  get(verb::get, large);
  get(verb::get, word);
  get(verb::get, number);
  version();
  // The calls have deadlines far beyond this: no fault is a reason to wait for one.
  if (std::chrono::steady_clock::now() - start > std::chrono::seconds(4)) complain("somebody waited in vain");
}

std::uint64_t story::get(verb op, const std::string& key) {
  const auto [ec, got] = mc_.one({.op = op, .key = key});
  if (ec) return say(ec.message()), 0;
  say(std::string(to_string(got.status)));
  found(key, got.status, got.value);
  return got.cas;
}

void story::set(const std::string& key, std::string value, bool noreply) {
  const auto [ec, got] = mc_.one({.op = verb::set, .key = key, .value = value, .noreply = noreply});
  say(ec ? ec.message() : std::string(to_string(got.status)));
  if (ec) return failed(key, value, ec);
  if (got.status != status::stored) complain("set " + key + " is answered: " + answers_.back());
  becomes(key, value);
  // Nobody was told what became of it; here only when the connection is lost before it was carried out.
  if (noreply) known_[key].doubtful = true;
}

void story::cas(const std::string& key, std::string value, std::uint64_t unique) {
  const auto [ec, got] = mc_.one({.op = verb::cas, .key = key, .value = value, .number = unique});
  say(ec ? ec.message() : std::string(to_string(got.status)));
  if (ec) return failed(key, value, ec);
  if (got.status == status::stored) return becomes(key, value);
  if (got.status != status::exists || !known_[key].doubtful) complain("cas " + key + " is answered: " + answers_.back());
}

void story::incr(const std::string& key) {
  const knowledge before = known_[key];
  const auto [ec, got] = mc_.one({.op = verb::incr, .key = key, .number = 1});
  say(ec ? ec.message() : std::string(to_string(got.status)) + " " + std::to_string(got.number));
  const auto plus_one = [](const std::string& number) { return std::to_string(std::stoull(number) + 1); };
  if (ec) {
    for (const content& c : before.doubtful ? before.ever : std::set<content>{before.now})
      if (c) failed(key, plus_one(*c), ec);
  } else if (got.status == status::number && before.fits(std::to_string(got.number - 1))) {
    becomes(key, std::to_string(got.number));
    if (before.doubtful) known_[key].ever.insert(std::to_string(got.number + 1));  // one before it comes late
  } else if (got.status != status::not_found || !before.fits(std::nullopt)) {
    complain("incr " + key + " is answered: " + answers_.back());
  }
}

void story::delete_(const std::string& key) {
  const auto [ec, got] = mc_.one({.op = verb::delete_, .key = key});
  say(ec ? ec.message() : std::string(to_string(got.status)));
  if (ec) return failed(key, std::nullopt, ec);
  const knowledge& k = known_[key];
  if (got.status != status::deleted && got.status != status::not_found) complain("delete " + key + ": " + answers_.back());
  if (got.status == status::deleted && !k.doubtful && !k.now) complain("delete " + key + " finds what is not there");
  if (got.status == status::not_found && !k.fits(std::nullopt)) complain("delete " + key + " does not find it");
  becomes(key, std::nullopt);
}

void story::set_multi(const std::vector<std::string>& keys) {
  std::vector<std::string> values;
  for (const std::string& key : keys) values.push_back(value_of(key, "1"));
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (std::size_t i = 0; i < keys.size(); ++i) pairs.emplace_back(keys[i], values[i]);
  const auto [ec, got] = mc_.set_multi(pairs, 0, 0);
  std::size_t stored = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const status s = i < got.size() ? got[i].status : status::unanswered;
    stored += s == status::stored;
    if (s == status::stored) becomes(keys[i], values[i]);
    else if (s == status::unanswered && ec) may_become(keys[i], values[i]);  // which of them, nobody says
    else complain("set_multi " + keys[i] + " is " + std::string(to_string(s)));
  }
  say(std::to_string(stored) + " stored" + (ec ? ", " + ec.message() : ""));
}

void story::get_multi(const std::vector<std::string>& keys) {
  const auto [ec, got] = mc_.get_multi(std::vector<std::string_view>(keys.begin(), keys.end()));
  std::size_t answered = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i].status == status::unanswered) continue;
    ++answered;
    found(keys[i], got[i].status, got[i].value);
  }
  if (!ec && answered != keys.size()) complain("get_multi answers only " + std::to_string(answered));
  say(std::to_string(answered) + " answered" + (ec ? ", " + ec.message() : ""));
}

void story::version() {
  const auto [ec, got] = mc_.version();
  if (ec) return say(ec.message());
  if (got.size() != 1) complain("version answers for " + std::to_string(got.size()) + " servers");
  say(got.empty() || got[0].values.empty() ? "no version" : "version");
}

void story::becomes(const std::string& key, content c) {
  knowledge& k = known_[key];
  k.ever.insert(c);
  k.now = std::move(c);
}

void story::may_become(const std::string& key, content c) {
  knowledge& k = known_[key];
  k.ever.insert(k.now);
  k.ever.insert(std::move(c));
  k.doubtful = true;
}

void story::failed(const std::string& key, content c, const error_code& ec) {
  if (leaves_doubt(ec)) may_become(key, std::move(c));
}

void story::found(const std::string& key, status s, std::string_view value) {
  if (s != status::hit && s != status::miss) return complain("get " + key + " is answered: " + std::string(to_string(s)));
  const content c = s == status::hit ? content(value) : std::nullopt;
  if (known_[key].fits(c)) return;
  complain("get " + key + " finds " + (c ? c->substr(0, 60) + " (" + std::to_string(c->size()) + " bytes)" : "nothing"));
}

}  // namespace cmemcache::test
