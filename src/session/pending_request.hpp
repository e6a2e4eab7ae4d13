#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cmemcache/error.hpp>
#include <cmemcache/reply.hpp>

#include "protocol/command.hpp"

namespace cmemcache::session {

/// Where the answers go. Belongs to whoever waits; called only from inside session functions, on their thread.
class reply_sink {
 public:
  /// Where the `size` bytes of the value of `slot` shall lie; they are written before filed() is called for it.
  /// Null when there is no memory for them: the connection is then given up.
  virtual char* place(std::uint32_t slot, std::size_t size) noexcept = 0;

  /// The answer for `slot`, once. A hit's value lies where place() said; another text only until filed() returns.
  virtual void filed(std::uint32_t slot, const item& answer) noexcept = 0;

  /// The server refused `slot`, and said so in `words` (valid until this returns); the connection goes on.
  virtual void refused(std::uint32_t slot, error_code why, std::string_view words) noexcept = 0;

  /// One statistic. May throw bad_alloc only.
  virtual void stat(std::string_view name, std::string_view value) = 0;

 protected:
  ~reply_sink() = default;
};

/// One request on its way: a node of its session's queue, owned by whoever waits for it (a blocked caller's stack
/// frame, an asynchronous operation), and in one session at a time. It must stay where it is until `done`.
struct pending_request {
  // Filled in by the owner.
  protocol::command command;
  std::span<protocol::element> elements;  ///< none for version, stats, flush_all
  reply_sink* sink = nullptr;
  bool one_by_one = false;                ///< every element shall have a reply of its own
  void (*finished)(pending_request&) noexcept = nullptr;  ///< called when done; may be null

  // The outcome.
  bool done = false;
  bool written = false;      ///< failed: some of its bytes had left
  bool ambiguous = false;    ///< quiet: a failure did not say whose it was; unanswered elements must be asked again
  error_code result;

  // The session's own.
  pending_request* next = nullptr;
  protocol::dialect dialect = protocol::dialect::text;
  protocol::reply_shape shape = protocol::reply_shape::in_order;
  std::uint32_t first_opaque = 0;
  std::size_t cursor = 0;        ///< the next element to be answered in order
  std::uint64_t starts_at = 0;   ///< the stream position of its first byte
  std::uint64_t ends_at = 0;     ///< the stream position behind its last byte
  bool answered = false;         ///< answered before it was fully written: done when it is
  /// Made when a server answers a `get` line in another order than asked, as some proxies do: key on the wire to
  /// the elements under it.
  std::unique_ptr<std::unordered_multimap<std::string_view, std::size_t>> by_key;
};

/// First in, first out, intrusive.
class request_queue {
 public:
  bool empty() const noexcept { return head_ == nullptr; }
  pending_request* front() const noexcept { return head_; }

  void push(pending_request& r) noexcept {
    r.next = nullptr;
    (head_ == nullptr ? head_ : tail_->next) = &r;
    tail_ = &r;
  }

  pending_request& pop() noexcept {
    pending_request& r = *head_;
    head_ = r.next;
    return r;
  }

 private:
  pending_request* head_ = nullptr;
  pending_request* tail_ = nullptr;
};

}  // namespace cmemcache::session
