// libmemcached as a contender of tools/cachecmp, which compiles this where libmemcached-dev is installed.
//
//     libmemcached PORT

#include <libmemcached/memcached.h>

#include <cstdlib>

#include "contest.hpp"

namespace {

using contest::expect;
using contest::round;

class contender {
 public:
  explicit contender(int port) : mc_(memcached_create(nullptr)) {
    memcached_server_add(mc_, "127.0.0.1", static_cast<in_port_t>(port));
    memcached_behavior_set(mc_, MEMCACHED_BEHAVIOR_TCP_NODELAY, 1);
  }

  contest::verbs verbs() {
    return {
        {"get", call([this](const auto& keys, const std::string&) { get(keys[0], true); })},
        {"set", call([this](const auto& keys, const std::string& value) { set(keys[0], value); })},
        {"get_multi", call([this](const auto& keys, const std::string&) { get_multi(keys); })},
        {"set_multi", call([this](const auto& keys, const std::string& value) {
           for (const std::string& key : keys) set(key, value);
         })},
        {"incr", call([this](const auto& keys, const std::string&) { incr(keys[0]); })},
        {"miss", [this](const round& r) { return [this, key = r.key(0)] { get(key, false); }; }},
        {"rndmulti", [this](const round& r) { return random_gets(r); }},
        {"delete", [this](const round& r) { return deletes(r); }},
    };
  }

 private:
  template <class Body>
  std::function<std::function<void()>(const round&)> call(Body body) {
    return [this, body](const round& r) -> std::function<void()> {
      for (const std::string& key : r.all_keys()) set(key, r.value());
      return [body, keys = r.all_keys(), value = r.value()] { body(keys, value); };
    };
  }

  std::function<void()> random_gets(const round& r) {
    std::vector<std::vector<std::string>> picks;
    for (const std::string& key : r.all_keys()) set(key, r.value());
    for (const auto& pick : contest::random_picks(r.keys)) {
      picks.emplace_back();
      for (int i : pick) picks.back().push_back(r.key(i));
    }
    return [this, picks, next = std::size_t{0}]() mutable { get_multi(picks[next++ % picks.size()]); };
  }

  std::function<void()> deletes(const round& r) {
    std::vector<std::string> keys;
    for (int i = 0; i < r.calls; ++i) {
      keys.push_back(r.key(i));
      set(keys.back(), r.value());
    }
    return [this, keys, next = std::size_t{0}]() mutable {
      const std::string& key = keys[next++];
      expect(memcached_delete(mc_, key.data(), key.size(), 0) == MEMCACHED_SUCCESS, "delete");
    };
  }

  void get(const std::string& key, bool there) {
    std::size_t size = 0;
    std::uint32_t flags = 0;
    memcached_return_t result;
    char* value = memcached_get(mc_, key.data(), key.size(), &size, &flags, &result);
    expect((value != nullptr) == there, "get");
    std::free(value);
  }

  void set(const std::string& key, const std::string& value) {
    expect(memcached_set(mc_, key.data(), key.size(), value.data(), value.size(), 0, 0) == MEMCACHED_SUCCESS, "set");
  }

  void incr(const std::string& key) {
    std::uint64_t value = 0;
    expect(memcached_increment(mc_, key.data(), key.size(), 1, &value) == MEMCACHED_SUCCESS, "incr");
  }

  void get_multi(const std::vector<std::string>& keys) {
    std::vector<const char*> starts;
    std::vector<std::size_t> sizes;
    for (const std::string& key : keys) {
      starts.push_back(key.data());
      sizes.push_back(key.size());
    }
    expect(memcached_mget(mc_, starts.data(), sizes.data(), keys.size()) == MEMCACHED_SUCCESS, "mget");
    std::size_t found = 0;
    memcached_return_t result;
    while (memcached_result_st* one = memcached_fetch_result(mc_, nullptr, &result)) {
      memcached_result_free(one);
      ++found;
    }
    expect(found == keys.size(), "get_multi");
  }

  memcached_st* mc_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: libmemcached PORT");
  return contest::answer_rounds(contender(std::stoi(argv[1])).verbs());
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
