// A fault_proxy for tests in other languages: told on stdin, a line each, and every line is answered by one.
//
//     cmemcache_fault_proxy 11211
//     listening 40123
//     close every=10        ->  ok
//     delay ms=50           ->  ok
//     pass                  ->  ok
//     stats                 ->  connections=1 replies=10 faults=1
//
// Ends with stdin, and with the thread that started it.

#include <signal.h>
#include <sys/prctl.h>

#include <charconv>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include "support/fault_proxy.hpp"

using namespace cmemcache::test;

namespace {

/// `name=n`
bool read_number(std::string_view word, std::string_view name, auto& n) {
  if (!word.starts_with(name) || word.substr(name.size(), 1) != "=") return false;
  word.remove_prefix(name.size() + 1);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), n);
  return error == std::errc() && end == word.data() + word.size();
}

std::string obey(fault_proxy& proxy, const std::string& line) {
  std::istringstream in(line);
  std::string word;
  in >> word;
  if (word == "stats") {
    const auto [connections, replies, faults] = proxy.stats();
    return "connections=" + std::to_string(connections) + " replies=" + std::to_string(replies) +
           " faults=" + std::to_string(faults);
  }
  const auto what = fault_named(word);
  if (!what) return "error: no such fault: " + word;
  fault f{.what = *what};
  while (in >> word) {
    unsigned number = 0;
    if (read_number(word, "every", number) && number > 0) f.every = number;
    else if (read_number(word, "ms", number)) f.time = std::chrono::milliseconds(number);
    else return "error: neither every=N nor ms=N: " + word;
  }
  proxy.set(f);
  return "ok";
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::uint16_t port = 0;
  if (argc != 2 || !read_number("port=" + std::string(argv[1]), "port", port)) {
    std::cerr << "usage: cmemcache_fault_proxy SERVER-PORT\n";
    return 2;
  }
  fault_proxy proxy(port);
  std::cout << "listening " << proxy.port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) std::cout << obey(proxy, line) << std::endl;
}
