// What holds whatever a server does, in every style: no other key's value, no call late, nothing stored that is said to be
// lost or lost that is said to be stored, back by itself, and nothing left behind.

#include <catch2/catch.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <cmemcache/blocking_client.hpp>

#include "support/calling_styles.hpp"
#include "support/fault_proxy.hpp"
#include "support/memcached.hpp"
#include "support/outcome.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using namespace std::chrono_literals;
using kind = fault::kind;

namespace {

constexpr auto timeout = 120ms;

client_options impatient(wire_protocol protocol = wire_protocol::automatic) {
  return {.timeout = timeout, .dead_retry = 1ms, .protocol = protocol};
}

// A value that says whose it is, which one, and where it ends. Some are large.
std::string value_of(const std::string& key, int version) {
  const std::string head = key + "#" + std::to_string(version) + "#";
  return head + std::string(version % 7 == 0 ? 40'000 : version % 50, static_cast<char>('a' + version % 26)) + "." + key;
}

int version_in(const std::string& key, const std::string& value) {
  const std::string head = key + "#";
  if (!value.starts_with(head)) return -1;
  const int version = std::atoi(value.c_str() + head.size());
  return value == value_of(key, version) ? version : -1;
}

// Calls at random, each of which is held to the promises.
class caller {
 public:
  caller(const style& how, const std::string& address) : mc_(how.make({address}, impatient())) {}

  void call() {
    const auto start = std::chrono::steady_clock::now();
    switch (random_() % 6) {
      case 0: set(); break;
      case 1: get(verb::get); break;
      case 2: get(verb::gets); break;
      case 3: get_multi(); break;
      case 4: set_multi(); break;
      case 5: remove(); break;
    }
    const auto over = mc_->over > start ? mc_->over : std::chrono::steady_clock::now();
    CHECK(over - start < timeout + 50ms + std::chrono::duration<double>(late));
  }

  // Without a fault: what it was told before, and calls that succeed.
  void call_in_peace() {
    for (auto& [key, version] : certain_) {
      const auto [ec, r] = mc_->one({.op = verb::get, .key = key});
      CHECK_FALSE(ec);
      if (version > 0) CHECK((r.status == status::hit && version_in(key, r.value) == version));
      else if (version == 0) CHECK(r.status == status::miss);
    }
    const std::string key = some_key();
    const std::string value = value_of(key, 1);
    CHECK(std::get<1>(mc_->one({.op = verb::set, .key = key, .value = value})).status == status::stored);
    certain_[key] = 1;
  }

 private:
  static constexpr int unknown = -1;

  std::string some_key() { return "key-" + std::to_string(random_() % 20); }

  void set() {
    const std::string key = some_key();
    const std::string value = value_of(key, ++version_);
    const auto [ec, r] = mc_->one({.op = verb::set, .key = key, .value = value});
    CHECK((r.status == status::stored) == !ec);
    certain_[key] = ec ? unknown : version_;
  }

  void get(verb op) {
    const std::string key = some_key();
    const auto [ec, r] = mc_->one({.op = op, .key = key});
    check(key, ec, r.status, r.value);
  }

  void check(const std::string& key, const error_code& ec, status s, const std::string& value) {
    const int before = certain_.contains(key) ? certain_[key] : 0;
    if (s == status::hit) {
      const int version = version_in(key, value);
      CHECK(version > 0);
      if (before > 0) CHECK(version == before);
    } else if (s == status::miss) {
      CHECK(before <= 0);
    } else {
      CHECK(ec);
    }
  }

  void get_multi() {
    std::vector<std::string> keys;
    for (int i = 0; i < 30; ++i) keys.push_back("key-" + std::to_string(i));
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    const auto [ec, all] = mc_->get_multi(views);
    for (std::size_t i = 0; i < all.size(); ++i) check(keys[i], ec, all[i].status, std::string(all[i].value));
  }

  void set_multi() {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (int i = 0; i < 10; ++i) {
      const std::string key = "key-" + std::to_string(2 * i);
      pairs.emplace_back(key, value_of(key, ++version_));
    }
    const std::vector<std::pair<std::string_view, std::string_view>> views(pairs.begin(), pairs.end());
    const auto [ec, all] = mc_->set_multi(views, 0, 0);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const bool stored = i < all.size() && all[i].status == status::stored;
      CHECK((stored || ec));
      certain_[pairs[i].first] = stored ? version_in(pairs[i].first, pairs[i].second) : unknown;
    }
  }

  void remove() {
    const std::string key = some_key();
    const auto [ec, r] = mc_->one({.op = verb::delete_, .key = key});
    CHECK((r.status == status::unanswered) == static_cast<bool>(ec));
    certain_[key] = ec ? unknown : 0;  // where it was sent twice the second does not find it
  }

  std::unique_ptr<calling_style> mc_;
  std::mt19937 random_{20061124};
  int version_ = 0;
  std::map<std::string, int> certain_;  // version; 0: not there; absent: never stored
};

struct figures {
  std::ptrdiff_t descriptors, threads;
  long resident;  // KiB

  static figures now() {
    const auto entries = [](const char* of) {
      const std::filesystem::directory_iterator all(of);
      return std::distance(begin(all), end(all));
    };
    std::ifstream statm("/proc/self/statm");
    long pages = 0;
    statm >> pages >> pages;
    return {entries("/proc/self/fd"), entries("/proc/self/task"), pages * 4};
  }
};

}  // namespace

TEST_CASE("whatever becomes of replies and connections, the promises hold in every style", "[promises]") {
  const style how = GENERATE(from_range(every_style()));
  memcached server;
  fault_proxy proxy(server.port());
  caller c(how, proxy.address());
  for (const kind what : {kind::delay, kind::stall, kind::drip, kind::one_byte, kind::close, kind::reset, kind::half_close,
                          kind::garbage, kind::wrong_key, kind::huge_length, kind::negative_length, kind::missing_end,
                          kind::extra, kind::duplicate, kind::swallow, kind::swap, kind::refuse, kind::unanswered}) {
    INFO(how.name << ", " << to_string(what));
    c.call_in_peace();
    proxy.set({.what = what, .every = 3, .time = 1ms});
    const auto end = std::chrono::steady_clock::now() + 250ms;
    for (int i = 0; i < 60 && std::chrono::steady_clock::now() < end; ++i) c.call();
    proxy.clear();
    std::this_thread::sleep_for(5ms);  // dead_retry
    c.call_in_peace();
  }
}

TEST_CASE("ten thousand faults leave nothing behind", "[promises]") {
  const bool blocking = GENERATE(true, false);
  const style how = blocking ? blocking_styles().front() : async_styles().front();
  INFO(how.name);
  memcached server;
  fault_proxy proxy(server.port());
  auto mc = how.make({proxy.address()}, impatient(wire_protocol::text));
  // Every other reply, so that each connection has served: after one that has not there is a pause.
  const auto cycles = [&](int n) {
    constexpr kind faults[] = {kind::close, kind::reset, kind::garbage, kind::wrong_key};
    for (int f = 0; f < 4; ++f) {
      proxy.set({.what = faults[f], .every = 2});
      for (int i = 0; i < n / 4; ++i) mc->one({.op = verb::get, .key = "key"});
    }
    proxy.clear();
    std::this_thread::sleep_for(5ms);
    CHECK(std::get<1>(mc->one({.op = verb::set, .key = "key", .value = "value"})).status == status::stored);
  };
  cycles(1000);
  const figures before = figures::now();
  const auto faults_before = proxy.stats().faults;
  cycles(20'000);
  const figures after = figures::now();
  CHECK(after.descriptors <= before.descriptors);
  CHECK(after.threads == before.threads);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which keep what is freed for a while
  CHECK(after.resident < before.resident + 1024);
#endif
  CHECK(proxy.stats().faults >= faults_before + 9'900);
}
