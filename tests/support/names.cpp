// getaddrinfo, before the system's own. In a test program it answers from the table of names.hpp. Preloaded into another
// program it answers from the file that CMEMCACHE_TEST_NAMES names, read at every lookup, with lines of
//
//     name delay_ms address address ...
//
// and appends each name that was asked for, a line each, to the file of that name with ".asked" behind.

#include "support/names.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

namespace cmemcache::test::names {

namespace {

using std::chrono::milliseconds;

struct entry {
  std::vector<std::string> addresses;
  milliseconds delay{0};
  int lookups = 0;
  bool is_set = false;
};

struct table {
  std::mutex mutex;
  std::condition_variable forgotten;
  std::map<std::string, entry> entries;
};

// Never destroyed: a lookup that nobody waits for any more may outlive main.
table& the_table() {
  static table& all = *new table;
  return all;
}

// Waits as long as the answer takes.
std::optional<std::vector<std::string>> ask_table(const std::string& name) {
  table& all = the_table();
  std::unique_lock lock(all.mutex);
  const auto found = all.entries.find(name);
  if (found == all.entries.end() || !found->second.is_set) return {};
  ++found->second.lookups;
  const auto addresses = found->second.addresses;
  // An entry that is forgotten stays, so that it is there for those who wait.
  all.forgotten.wait_for(lock, found->second.delay, [&] { return !found->second.is_set; });
  return addresses;
}

std::optional<std::vector<std::string>> ask_file(const std::string& name) {
  const char* path = std::getenv("CMEMCACHE_TEST_NAMES");
  if (path == nullptr) return {};
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string known, address;
    milliseconds::rep delay;
    if (!(words >> known >> delay) || known != name) continue;
    std::vector<std::string> addresses;
    while (words >> address) addresses.push_back(address);
    std::ofstream(std::string(path) + ".asked", std::ios::app) << name + '\n' << std::flush;
    std::this_thread::sleep_for(milliseconds(delay));
    return addresses;
  }
  return {};
}

int real_getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** out) {
  static const auto next = reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(name, service, hints, out);
}

// The real resolver makes a list of each address, so that the real freeaddrinfo can free them. It frees node by node:
// lists may be joined.
int list_of(const std::vector<std::string>& addresses, const char* service, const addrinfo* hints, addrinfo** out) {
  addrinfo numeric{};
  if (hints != nullptr) numeric = *hints;
  numeric.ai_flags |= AI_NUMERICHOST;
  addrinfo** end = out;
  *out = nullptr;
  for (const std::string& address : addresses) {
    if (real_getaddrinfo(address.c_str(), service, &numeric, end) != 0) *end = nullptr;  // of another family than asked
    while (*end != nullptr) end = &(*end)->ai_next;
  }
  return *out != nullptr ? 0 : EAI_NONAME;
}

}  // namespace

void set(const std::string& name, std::vector<std::string> addresses) {
  const std::lock_guard lock(the_table().mutex);
  entry& e = the_table().entries[name];
  e.addresses = std::move(addresses);
  e.is_set = true;
}

void set_delay(const std::string& name, milliseconds delay) {
  const std::lock_guard lock(the_table().mutex);
  the_table().entries[name].delay = delay;
}

void forget(const std::string& name) {
  const std::lock_guard lock(the_table().mutex);
  the_table().entries[name] = {};
  the_table().forgotten.notify_all();
}

int lookups(const std::string& name) {
  const std::lock_guard lock(the_table().mutex);
  return the_table().entries[name].lookups;
}

}  // namespace cmemcache::test::names

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** out) {
  namespace names = cmemcache::test::names;
  if (name != nullptr) {
    auto addresses = names::ask_table(name);
    if (!addresses) addresses = names::ask_file(name);
    if (addresses) return names::list_of(*addresses, service, hints, out);
  }
  return names::real_getaddrinfo(name, service, hints, out);
}
