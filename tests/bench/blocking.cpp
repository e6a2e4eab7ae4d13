// The blocking C++ client as a contender of tools/cachecmp.
//
//     blocking PORT

#include <utility>

#include <cmemcache/blocking_client.hpp>

#include "contest.hpp"

namespace {

using namespace cmemcache;
using contest::expect;
using contest::is_value;
using contest::round;

// What a call needs, which its views point into.
struct pairs_of {
  explicit pairs_of(const round& r) : keys(r.all_keys()), value(r.value()) {
    for (const std::string& key : keys) {
      key_views.push_back(key);
      views.emplace_back(key, value);
    }
  }
  pairs_of(const pairs_of&) = delete;

  std::vector<std::string> keys;
  std::string value;
  std::vector<std::string_view> key_views;
  std::vector<std::pair<std::string_view, std::string_view>> views;
};

class contender {
 public:
  explicit contender(const std::string& address) : mc_({address}) {}

  contest::verbs verbs() {
    return {
        {"get", call([this](pairs_of& p) { expect(is_value(mc_.get(p.keys[0]).value, p.value), "get"); })},
        {"set", call([this](pairs_of& p) { expect(static_cast<bool>(mc_.set(p.keys[0], p.value)), "set"); })},
        {"get_multi", call([this](pairs_of& p) { get_multi(p.key_views, p.value); })},
        {"set_multi", call([this](pairs_of& p) {
           for (const item& one : mc_.set_multi(p.views)) expect(static_cast<bool>(one), "set_multi");
         })},
        {"incr", call([this](pairs_of& p) { expect(static_cast<bool>(mc_.incr(p.keys[0])), "incr"); })},
        {"miss", [this](const round& r) { return [this, key = r.key(0)] { expect(!mc_.get(key), "miss"); }; }},
        {"rndmulti", [this](const round& r) { return random_gets(r); }},
        {"delete", [this](const round& r) { return deletes(r); }},
    };
  }

 private:
  template <class Body>
  std::function<std::function<void()>(const round&)> call(Body body) {
    return [this, body](const round& r) -> std::function<void()> {
      auto pairs = std::make_shared<pairs_of>(r);
      mc_.set_multi(pairs->views);
      return [pairs, body] { body(*pairs); };
    };
  }

  void get_multi(const std::vector<std::string_view>& keys, std::string_view value) {
    for (const item& one : mc_.get_multi(keys)) expect(is_value(one.value, value), "get_multi");
  }

  std::function<void()> random_gets(const round& r) {
    auto pairs = std::make_shared<pairs_of>(r);
    mc_.set_multi(pairs->views);
    std::vector<std::vector<std::string_view>> picks;
    for (const auto& pick : contest::random_picks(r.keys)) {
      picks.emplace_back();
      for (int i : pick) picks.back().push_back(pairs->keys[static_cast<std::size_t>(i)]);
    }
    return [this, pairs, picks, next = std::size_t{0}]() mutable {
      get_multi(picks[next++ % picks.size()], pairs->value);
    };
  }

  std::function<void()> deletes(const round& r) {
    std::vector<std::string> keys;
    for (int i = 0; i < r.calls; ++i) {
      keys.push_back(r.key(i));
      mc_.set(keys.back(), r.value());
    }
    return [this, keys, next = std::size_t{0}]() mutable { expect(static_cast<bool>(mc_.delete_(keys[next++])), "delete"); };
  }

  blocking_client mc_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: blocking PORT");
  return contest::answer_rounds(contender("127.0.0.1:" + std::string(argv[1])).verbs());
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
