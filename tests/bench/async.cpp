// The asynchronous C++ client as a contender of tools/bench.
//
//     async PORT, then a line "CASE ROUNDS" at a time on standard input; answers each with the seconds that it took.

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include <cmemcache/client.hpp>

namespace {

using namespace cmemcache;

auto expect(status wanted) {
  return [wanted](error_code ec, reply r) {
    if (ec || r.status != wanted) throw std::runtime_error("async: " + ec.message());
  };
}

class contender {
 public:
  explicit contender(const std::string& address) : mc_(io_, {address}) {
    for (int i = 1000; i < 1100; ++i) keys_.push_back("bench:" + std::to_string(i));
    for (const std::string& key : keys_) mc_.async_set(key, value_, expect(status::stored));
    run();
  }

  void play(const std::string& name, int rounds) {
    for (int i = 0; i < rounds; ++i) {
      if (name == "in_flight") start(1000);
      else if (name == "get") start(1);
      else throw std::runtime_error("async: no case " + name);
      run();
    }
  }

 private:
  void start(int gets) {
    for (int i = 0; i < gets; ++i) mc_.async_get(keys_[static_cast<std::size_t>(i) % keys_.size()], expect(status::hit));
  }

  void run() {
    io_.restart();
    io_.run();
  }

  boost::asio::io_context io_{1};
  client mc_;
  std::vector<std::string> keys_;
  const std::string value_ = std::string(100, 'x');
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: async PORT");
  contender c("127.0.0.1:" + std::string(argv[1]));
  std::string name;
  int rounds = 0;
  while (std::cin >> name >> rounds) {
    const auto start = std::chrono::steady_clock::now();
    c.play(name, rounds);
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
  }
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
