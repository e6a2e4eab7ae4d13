/// Callbacks: the plainest completion token, for programs that have an io_context and no coroutines.
///
///     callbacks [servers]          servers: "host:port,host:port", 127.0.0.1:11211 where none is given

#include <cmemcache/client.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

using cmemcache::error_code;
using cmemcache::reply;

// A visit is counted: +1 if there is a counter, and else the first one makes it. One step starts the next.
class visit {
 public:
  explicit visit(cmemcache::client& mc) : mc_(mc) {}

  void start() {
    mc_.async_incr(key_, [this](error_code ec, const reply& r) { counted(ec, r); });
  }

 private:
  void counted(error_code ec, const reply& r) {
    if (ec) return report("incr", ec);
    if (r) return show(r.number);
    mc_.async_add(key_, "1", 60, 0, [this](error_code e, const reply& made) { added(e, made); });
  }

  void added(error_code ec, const reply& r) {
    if (ec) return report("add", ec);
    r ? show(1) : start();  // somebody else was faster: then there is one to count on
  }

  static void show(std::uint64_t visits) { std::cout << "visits     " << visits << '\n'; }
  static void report(const char* what, error_code ec) { std::cout << what << ": " << ec.message() << '\n'; }

  cmemcache::client& mc_;
  const std::string key_ = "callbacks:visits";
};

int main(int argc, char** argv) try {
  boost::asio::io_context io;
  cmemcache::client mc(io, cmemcache::parse_servers(argc > 1 ? argv[1] : "127.0.0.1:11211"));

  // All three are under way at once, over one connection; what they start is called from run(), never before.
  visit first(mc), second(mc);
  first.start();
  second.start();
  mc.async_version([](error_code ec, const auto& servers) {
    if (ec) std::cout << "version: " << ec.message() << '\n';
    for (const auto& s : servers) std::cout << "version    " << s.server << ' ' << s.values[0].second << '\n';
  });
  io.run();  // returns when nothing is under way any more

  // `detached`: nobody wants to know.
  mc.async_delete("callbacks:visits", boost::asio::detached);
  io.restart();
  io.run();
} catch (const std::exception& e) {
  std::cerr << "callbacks: " << e.what() << '\n';
  return 2;
}
