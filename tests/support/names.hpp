#pragma once

#include <chrono>
#include <string>
#include <vector>

/// What the system's resolver says in this process. names.cpp defines getaddrinfo: names that were set here are answered
/// from a table, all others by the real one. Any thread.
///
/// The same file is also a shared object for LD_PRELOAD, where the table is a file (see names.cpp and names.py).
namespace cmemcache::test::names {

/// From now on `name` has these addresses, as numbers, in this order; with none it is unknown. What was asked already
/// gets the addresses of before.
void set(const std::string& name, std::vector<std::string> addresses);

/// How long an answer about `name` takes from now on. What waits already goes on waiting.
void set_delay(const std::string& name, std::chrono::milliseconds delay);

/// The real resolver answers again. What waits is answered at once.
void forget(const std::string& name);

/// How often `name` was asked for since it was set first.
int lookups(const std::string& name);

/// A name for as long as the object lives.
class given {
 public:
  given(std::string name, std::vector<std::string> addresses, std::chrono::milliseconds delay = {})
      : name_(std::move(name)) {
    set(name_, std::move(addresses));
    set_delay(name_, delay);
  }
  ~given() { forget(name_); }
  given(const given&) = delete;
  given& operator=(const given&) = delete;

 private:
  const std::string name_;
};

}  // namespace cmemcache::test::names
