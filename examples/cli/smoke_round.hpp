#pragma once

#include <cmemcache/blocking_client.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// What one check found.
struct check_result {
  std::string target;  ///< the server, or the pool
  std::string name;    ///< "get", "set over the limit"
  std::string detail;  ///< "hit, 12 bytes", or what went wrong
  bool ok = false;
  double ms = 0;
};

/// One round of every verb against one server, or against a pool of them: under random keys, which it deletes again.
/// It never sends flush_all, nor touches a key that is not its own.
class smoke_round {
 public:
  using observer = std::function<void(const check_result&)>;

  smoke_round(std::string target, cmemcache::blocking_client& client, std::string prefix, observer seen);

  /// Runs the checks. When the first of them shows that somebody does not answer at all, the others are left out.
  void run();

 private:
  struct failed : std::runtime_error {
    using runtime_error::runtime_error;
  };

  // Runs `what`, which returns the detail of a success and throws that of a failure.
  bool check(std::string_view name, const std::function<std::string()>& what);

  // The detail of a reply as it should be. Throws failed where it is not.
  static std::string expect(const cmemcache::reply& r, cmemcache::status wanted,
                            std::optional<std::string_view> value = {});
  static std::string expect_number(const cmemcache::reply& r, std::uint64_t wanted);
  static std::string expect_refusal(const cmemcache::error_code& ec, cmemcache::errc wanted);
  // For answers to many: all of the wanted status, or the first that is not.
  static std::string expect_all(const cmemcache::multi_reply& answers, std::size_t many, cmemcache::status wanted);

  // A key of this round alone, remembered for the clean-up.
  std::string key(std::string_view name);

  bool answers();
  void values();
  void conditions();
  void numbers();
  void shapes();
  void refusals();
  void bulk();
  void expiry();
  void clean_up();

  std::string target_;
  cmemcache::blocking_client& mc_;
  std::string prefix_;     // the client's own, which counts against a key's 250 bytes
  observer seen_;
  std::string stem_;       // what this round's keys begin with
  std::vector<std::string> used_;
};

}  // namespace cli
