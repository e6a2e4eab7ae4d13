/// The program to read first: store, read, count, ask for many, and meet trouble in both of its forms.
///
///     quick_start [servers]        servers: "host:port,host:port", 127.0.0.1:11211 where none is given

#include <cmemcache/cmemcache.hpp>

#include <iostream>
#include <string_view>
#include <utility>
#include <vector>

int main(int argc, char** argv) try {
  cmemcache::blocking_client mc(cmemcache::parse_servers(argc > 1 ? argv[1] : "127.0.0.1:11211"));

  // Store for a minute, and read back. A reply is true when it did what its name says.
  mc.set("quick:greeting", "hello", 60);
  if (auto r = mc.get("quick:greeting")) std::cout << "get        " << r.value << '\n';
  if (auto r = mc.get("quick:nothing"); !r) std::cout << "get        " << to_string(r.status) << '\n';

  // A counter: memcached counts, so nobody's step is lost.
  mc.set("quick:visits", "41", 60);
  std::cout << "incr       " << mc.incr("quick:visits").number << '\n';

  // Many keys in one go, all servers at once. One item per key, in the order of the keys.
  const std::vector<std::string_view> keys{"quick:greeting", "quick:visits", "quick:nothing"};
  const auto found = mc.get_multi(keys);
  for (std::size_t i = 0; i < keys.size(); ++i)
    std::cout << "get_multi  " << keys[i] << ": " << (found[i] ? found[i].value : "(miss)") << '\n';

  // Trouble is an exception, which says which server, what was being done, and what happened ...
  cmemcache::blocking_client nobody({"127.0.0.1:1"});
  try {
    nobody.get("quick:greeting");
  } catch (const cmemcache::error& e) {
    std::cout << "exception  " << e.what() << '\n';
  }

  // ... or an error_code, where you hand one in. A miss is never either.
  cmemcache::error_code ec;
  nobody.get("quick:greeting", ec);
  std::cout << "error_code " << ec.message() << '\n';

  for (auto key : keys) mc.delete_(key);
} catch (const cmemcache::error& e) {
  std::cerr << "quick_start: " << e.what() << '\n';
  return 2;
}
