// The asynchronous C++ client as a contender of tools/cachecmp, its callbacks run by the thread that calls.
//
//     async PORT

#include <memory>

#include <boost/asio/io_context.hpp>

#include <cmemcache/client.hpp>

#include "contest.hpp"

namespace {

using namespace cmemcache;
using contest::is_value;
using contest::round;

auto expect(status wanted) {
  return [wanted](error_code ec, const reply& r) {
    if (ec || r.status != wanted) throw std::runtime_error("async: " + ec.message());
  };
}

auto brings(const std::string& value) {
  return [&value](error_code ec, const reply& r) {
    if (ec || !is_value(r.value, value)) throw std::runtime_error("async: " + ec.message());
  };
}

class contender {
 public:
  explicit contender(const std::string& address) : mc_(io_, {address}) {}

  contest::verbs verbs() {
    const auto gets = [this](const round& r) -> std::function<void()> {
      store(r);
      return [this, keys = r.all_keys(), value = r.value()] {
        for (const std::string& key : keys) mc_.async_get(key, brings(value));
        run();
      };
    };
    return {
        {"get", gets},
        {"in_flight", gets},
        {"set", [this](const round& r) { return [this, key = r.key(0), value = r.value()] {
           mc_.async_set(key, value, expect(status::stored));
           run();
         }; }},
        {"get_multi", [this](const round& r) { return bulk_gets(r); }},
    };
  }

 private:
  std::function<void()> bulk_gets(const round& r) {
    store(r);
    // The views, too, are made before.
    auto keys = std::make_shared<const std::vector<std::string>>(r.all_keys());
    return [this, keys, views = std::vector<std::string_view>(keys->begin(), keys->end()), value = r.value()] {
      mc_.async_get_multi(views, [&value](error_code ec, const multi_reply& found) {
        const bool all = std::ranges::all_of(found, [&](const item& one) { return is_value(one.value, value); });
        if (ec || !all) throw std::runtime_error("async: " + ec.message());
      });
      run();
    };
  }

  void store(const round& r) {
    const std::string value = r.value();
    for (const std::string& key : r.all_keys()) mc_.async_set(key, value, expect(status::stored));
    run();
  }

  void run() {
    io_.restart();
    io_.run();
  }

  boost::asio::io_context io_{1};
  client mc_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: async PORT");
  return contest::answer_rounds(contender("127.0.0.1:" + std::string(argv[1])).verbs());
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
