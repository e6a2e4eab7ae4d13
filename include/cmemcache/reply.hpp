#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cmemcache/error.hpp>

namespace cmemcache {

/// What a server answered. None of these is an error.
enum class status : std::uint8_t {
  unanswered,   ///< no answer: the call failed for this key, or nothing was asked
  hit,          ///< get family: the value is here
  miss,         ///< get family: the key is not there
  stored,       ///< storage verbs; also what a `noreply` store reports
  not_stored,   ///< add of a key that is there; replace, append, prepend of one that is not
  exists,       ///< cas: somebody stored since
  not_found,    ///< cas, incr, decr, touch, delete of a key that is not there
  deleted,      ///< delete
  touched,      ///< touch
  number,       ///< incr, decr: the new value is in `number`
  ok,           ///< flush_all, version, stats
};

std::string_view to_string(status s) noexcept;

/// The answer to one request.
struct reply {
  cmemcache::status status = status::unanswered;
  std::uint32_t flags = 0;    ///< hit: the flags it was stored with
  std::uint64_t cas = 0;      ///< hit of gets or gats: the cas unique
  std::uint64_t number = 0;   ///< status::number: the new value
  std::string value = {};     ///< hit: the value; version: the version's text

  /// Did the request do what its name says? (hit, stored, deleted, touched, number, ok)
  explicit operator bool() const noexcept {
    return status == status::hit || status == status::stored || status >= status::deleted;
  }
};

/// One server's trouble during a call.
struct failure {
  error_code code;
  std::string server;        ///< as given to the client; empty when none was involved
  std::string text;          ///< what was being done, what happened, how long it took
};

/// The answer for one key of a bulk request. `value` points into the multi_reply it came from.
struct item {
  cmemcache::status status = status::unanswered;
  std::uint32_t flags = 0;
  std::uint64_t cas = 0;
  std::uint64_t number = 0;
  std::string_view value = {};

  explicit operator bool() const noexcept {
    return status == status::hit || status == status::stored || status >= status::deleted;
  }
};

/// The answers to a bulk request, one item per key, in the order of the keys. Owns the values; move-only.
class multi_reply {
 public:
  multi_reply() = default;

  std::size_t size() const noexcept { return items_.size(); }
  const item& operator[](std::size_t i) const noexcept { return items_[i]; }
  auto begin() const noexcept { return items_.begin(); }
  auto end() const noexcept { return items_.end(); }

  /// What went wrong, one entry per server in trouble. Keys of those servers are `unanswered`.
  const std::vector<failure>& failures() const noexcept { return failures_; }

 private:
  friend struct multi_reply_access;
  std::vector<item> items_;
  std::vector<std::unique_ptr<char[]>> memory_;
  std::vector<failure> failures_;
};

}  // namespace cmemcache
