#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/calling_styles.hpp"

namespace cmemcache::test {

/// A bit of everything that a client does, one call after another, each answer held against what the server can have at
/// that moment. Every value says its key and which of the key's values it is, so that no mix-up passes.
///
/// Trouble is no complaint: a call may fail. But what was answered must be right, whatever failed before; what failed
/// without being in doubt must not have happened; and nothing may take long.
class story {
 public:
  /// `mc`: on a server where no key begins with `prefix`. `large`: bytes of the largest value.
  story(calling_style& mc, std::string prefix, std::size_t large) : mc_(mc), prefix_(std::move(prefix)), large_(large) {}

  void tell();

  /// What was wrong, a line each; empty when nothing was.
  const std::string& complaints() const noexcept { return complaints_; }
  /// Each answer in a word, or the error.
  const std::vector<std::string>& answers() const noexcept { return answers_; }

 private:
  using content = std::optional<std::string>;

  // What the server may have under a key: what was stored last; and once a call about the key may or may not have been
  // carried out, or may still be, anything that it ever was to be.
  struct knowledge {
    content now;
    std::set<content> ever = {std::nullopt};
    bool doubtful = false;

    bool fits(const content& c) const { return doubtful ? ever.contains(c) : c == now; }
  };

  std::uint64_t get(verb op, const std::string& key);
  void set(const std::string& key, std::string value, bool noreply = false);
  void cas(const std::string& key, std::string value, std::uint64_t unique);
  void incr(const std::string& key);
  void delete_(const std::string& key);
  void set_multi(const std::vector<std::string>& keys);
  void get_multi(const std::vector<std::string>& keys);
  void version();

  std::string key(const std::string& name) const { return prefix_ + name; }
  void becomes(const std::string& key, content c);
  void may_become(const std::string& key, content c);
  void failed(const std::string& key, content c, const error_code& ec);
  void found(const std::string& key, status s, std::string_view value);
  void say(std::string answer) { answers_.push_back(std::move(answer)); }
  void complain(const std::string& what) { complaints_ += what + "\n"; }

  calling_style& mc_;
  const std::string prefix_;
  const std::size_t large_;
  std::map<std::string, knowledge> known_;
  std::string complaints_;
  std::vector<std::string> answers_;
};

}  // namespace cmemcache::test
