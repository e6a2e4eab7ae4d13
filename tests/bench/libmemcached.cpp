// libmemcached as a contender of tools/cachecmp, which compiles this where libmemcached-dev is installed.
//
//     libmemcached PORT

#include <libmemcached/memcached.h>

#include <cstdlib>
#include <memory>

#include "contest.hpp"

namespace {

using contest::expect;
using contest::is_value;
using contest::round;

// What a call needs, the arrays that mget takes among it.
struct asked {
  asked(std::vector<std::string> all, std::string stored) : keys(std::move(all)), value(std::move(stored)) {
    for (const std::string& key : keys) {
      starts.push_back(key.data());
      sizes.push_back(key.size());
    }
  }
  asked(const asked&) = delete;

  std::vector<std::string> keys;
  std::string value;
  std::vector<const char*> starts;
  std::vector<std::size_t> sizes;
};

class contender {
 public:
  explicit contender(int port) : mc_(connected(port)), buffered_(connected(port)) {
    memcached_result_create(mc_, &result_);
    memcached_behavior_set(buffered_, MEMCACHED_BEHAVIOR_BUFFER_REQUESTS, 1);
  }

  contest::verbs verbs() {
    return {
        {"get", call([this](const asked& a) { get(a); })},
        {"set", call([this](const asked& a) { set(a.keys[0], a.value); })},
        {"get_multi", call([this](const asked& a) { get_multi(a); })},
        {"set_multi", call([this](const asked& a) { set_multi(a); })},
        {"incr", call([this](const asked& a) { incr(a.keys[0]); })},
        {"miss", [this](const round& r) { return [this, key = r.key(0)] { miss(key); }; }},
        {"rndmulti", [this](const round& r) { return random_gets(r); }},
        {"delete", [this](const round& r) { return deletes(r); }},
    };
  }

 private:
  static memcached_st* connected(int port) {
    memcached_st* mc = memcached_create(nullptr);
    memcached_server_add(mc, "127.0.0.1", static_cast<in_port_t>(port));
    memcached_behavior_set(mc, MEMCACHED_BEHAVIOR_TCP_NODELAY, 1);
    return mc;
  }

  template <class Body>
  std::function<std::function<void()>(const round&)> call(Body body) {
    return [this, body](const round& r) -> std::function<void()> {
      auto what = std::make_shared<asked>(r.all_keys(), r.value());
      for (const std::string& key : what->keys) set(key, what->value);
      return [body, what] { body(*what); };
    };
  }

  std::function<void()> random_gets(const round& r) {
    std::vector<std::shared_ptr<asked>> picks;
    for (const std::string& key : r.all_keys()) set(key, r.value());
    for (const auto& pick : contest::random_picks(r.keys)) {
      std::vector<std::string> keys;
      for (int i : pick) keys.push_back(r.key(i));
      picks.push_back(std::make_shared<asked>(std::move(keys), r.value()));
    }
    return [this, picks, next = std::size_t{0}]() mutable { get_multi(*picks[next++ % picks.size()]); };
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

  void get(const asked& a) {
    std::size_t size = 0;
    std::uint32_t flags = 0;
    memcached_return_t result;
    char* value = memcached_get(mc_, a.starts[0], a.sizes[0], &size, &flags, &result);
    expect(value != nullptr && is_value({value, size}, a.value), "get");
    std::free(value);
  }

  void miss(const std::string& key) {
    std::size_t size = 0;
    std::uint32_t flags = 0;
    memcached_return_t result;
    char* value = memcached_get(mc_, key.data(), key.size(), &size, &flags, &result);
    expect(value == nullptr && result == MEMCACHED_NOTFOUND, "miss");
  }

  void set(const std::string& key, const std::string& value) {
    expect(memcached_set(mc_, key.data(), key.size(), value.data(), value.size(), 0, 0) == MEMCACHED_SUCCESS, "set");
  }

  // Its quickest: sets that go together, whose replies are read in one go and not told apart. It does not survive more than
  // some hundreds of them under way.
  void set_multi(const asked& a) {
    for (std::size_t i = 0; i < a.keys.size(); ++i) {
      const std::string& key = a.keys[i];
      const auto result = memcached_set(buffered_, key.data(), key.size(), a.value.data(), a.value.size(), 0, 0);
      expect(result == MEMCACHED_BUFFERED || result == MEMCACHED_SUCCESS, "set_multi");
      if ((i + 1) % 100 == 0 || i + 1 == a.keys.size())
        expect(memcached_flush_buffers(buffered_) == MEMCACHED_SUCCESS, "set_multi");
    }
  }

  void incr(const std::string& key) {
    std::uint64_t value = 0;
    expect(memcached_increment(mc_, key.data(), key.size(), 1, &value) == MEMCACHED_SUCCESS, "incr");
  }

  // Into one result after the other, whose memory is used again.
  void get_multi(const asked& a) {
    expect(memcached_mget(mc_, a.starts.data(), a.sizes.data(), a.keys.size()) == MEMCACHED_SUCCESS, "mget");
    std::size_t found = 0;
    memcached_return_t result;
    while (memcached_fetch_result(mc_, &result_, &result) != nullptr)
      found += is_value({memcached_result_value(&result_), memcached_result_length(&result_)}, a.value);
    expect(found == a.keys.size(), "get_multi");
  }

  memcached_st* mc_;
  memcached_st* buffered_;
  memcached_result_st result_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: libmemcached PORT");
  return contest::answer_rounds(contender(std::stoi(argv[1])).verbs());
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
