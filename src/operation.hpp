#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <cmemcache/detail/pool.hpp>
#include <cmemcache/options.hpp>
#include <cmemcache/reply.hpp>

#include "net/deadline.hpp"
#include "protocol/command.hpp"
#include "server_pool.hpp"
#include "server_sink.hpp"
#include "session/results.hpp"
#include "settlement.hpp"

namespace cmemcache {

class operation;
class pipeline;
struct wire_request;

/// One server's share of an operation: a node of its pipeline's queue, then carried by requests. Belongs to its operation.
struct part {
  operation* of = nullptr;
  std::size_t server = 0;
  std::span<protocol::element> elements;   // the operation's, where they are what it asks and go to one server; else its own
  std::vector<protocol::element> own;
  session::reply_sink* sink = nullptr;     // the operation's, for it

  pipeline* in = nullptr;       // while it is queued, or requests of it are under way
  bool queued = false;
  bool again = false;           // what has no answer shall be asked again
  bool retrying = false;        // because its connection was lost
  std::size_t submitted = 0;    // elements that are in requests
  std::size_t requests = 0;     // under way
  wire_request* carrier = nullptr;   // the latest of them
  std::size_t place = 0;             // among those whom a merged carrier carries
  part* previous = nullptr;     // in the queue
  part* next = nullptr;
};

/// One asynchronous call: what is asked, what was answered, and who waits. Made by the calling thread, then owned by the
/// dispatcher that it is submitted to, and destroyed when it was delivered *and* none of its requests is under way any
/// more: one whose caller has left (an orphan) stays until its replies have been swallowed.
///
/// Fields are the dispatcher's once it is submitted, the results the deliverer's once it is over.
class operation {
 public:
  /// `timeout`: from now on.
  explicit operation(net::milliseconds timeout) noexcept
      : start(net::steady_clock::now()), deadline(net::deadline_after(start, timeout)) {}
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;

  static void* operator new(std::size_t size) { return detail::pool_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { detail::pool_free(memory, size); }

  /// Passes the results on. Called once, when the operation is over; what the one who waits throws leaves it.
  virtual void complete() = 0;

  /// Does anybody still wait? Asked before something is sent.
  virtual bool wanted() const noexcept { return true; }

  /// What is asked; nothing for a command about servers.
  virtual std::span<protocol::element> elements() noexcept { return {}; }

  /// Once, before it is routed, with `servers` set.
  virtual void prepare() {}

  virtual session::reply_sink& sink(const part& p) noexcept = 0;
  virtual std::span<const item> items() const noexcept { return {}; }
  virtual std::span<session::results::refusal> refusals() noexcept { return {}; }

  /// Whoever holds a reference lets go of it; the last one destroys the operation.
  void release() noexcept {
    if (references.load(std::memory_order_acquire) == 1 || references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  /// A reference comes, or goes, before the operation is delivered: only its dispatcher has any.
  void hold() noexcept { references.store(references.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  void unhold() noexcept { references.store(references.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed); }

  /// The first trouble that there was, if any: the operation's own, a refusal, a failure.
  error_code first_error();

  /// All of it, worded; the failures are taken out.
  std::vector<failure> failures();

  /// Whether there was any but refusals.
  bool is_in_trouble() noexcept { return error || (settlement && !settlement->failures().empty()); }

  /// The same without the refusals.
  std::vector<failure> troubles();

  protocol::command what;
  const net::time_point start;
  const net::time_point deadline;
  std::uint64_t id = 0;                                ///< to be cancelled by; 0: cannot be
  std::vector<routing::stand_in> stand_ins;            ///< empty, or by slot; what they refer to lasts until complete()
  error_code error;                                    ///< cancelled, closed, no memory

  // The dispatcher's.
  std::shared_ptr<server_pool> servers;
  std::optional<cmemcache::settlement> settlement;
  part first_part;                    // in use when parts != 0
  std::forward_list<part> more_parts;
  std::size_t parts = 0;
  std::size_t open_parts = 0;
  bool held = false;                  // until the servers are known
  bool orphan = false;                // nobody waits; what still comes is swallowed
  std::atomic<std::size_t> references{1};
  operation* next = nullptr;          // in an operation_list
  operation* earlier = nullptr;       // among the deadlines
  operation* later = nullptr;

  part& add_part();

 protected:
  virtual ~operation() = default;

 private:
  virtual std::string_view key_of(std::uint32_t) const noexcept { return {}; }
};

/// First in, first out, intrusive; an operation is in one at a time.
class operation_list {
 public:
  bool empty() const noexcept { return head_ == nullptr; }

  void push(operation& op) noexcept {
    op.next = nullptr;
    (head_ == nullptr ? head_ : tail_->next) = &op;
    tail_ = &op;
  }

  operation* pop() noexcept {
    operation* const op = head_;
    if (op != nullptr) head_ = op->next;
    return op;
  }

  /// `others` come behind, and that list is empty then.
  void append(operation_list& others) noexcept {
    if (others.empty()) return;
    (head_ == nullptr ? head_ : tail_->next) = others.head_;
    tail_ = others.tail_;
    others = {};
  }

  operation_list take() noexcept { return std::exchange(*this, {}); }

 private:
  operation* head_ = nullptr;
  operation* tail_ = nullptr;
};

/// One key. Key and small value are copied into it; a value from gather's threshold up stays where it lies.
class single_operation : public operation, protected session::reply_sink {
 public:
  using operation::operation;

  /// What is asked, once.
  void ask(const protocol::command& command, const protocol::element& asked);

  std::span<protocol::element> elements() noexcept override { return {&asked_, refused_ ? 0u : 1u}; }
  session::reply_sink& sink(const part&) noexcept override { return *this; }
  std::span<const item> items() const noexcept override { return {&answer, 1}; }
  std::span<session::results::refusal> refusals() noexcept override {
    return {refused_ ? &*refused_ : nullptr, refused_ ? 1u : 0u};
  }

  void refused(std::uint32_t slot, error_code why, std::string_view words) noexcept override;

  /// The value of the answer becomes the caller's.
  std::string take_value();

  item answer;

 private:
  char* place(std::uint32_t slot, std::size_t size) noexcept override;
  void filed(std::uint32_t slot, const item& got) noexcept override;
  void stat(std::string_view, std::string_view) override {}
  std::string_view key_of(std::uint32_t) const noexcept override { return asked_.key; }

  static constexpr std::size_t usual_size = 192;

  protocol::element asked_{.key = {}};
  std::optional<session::results::refusal> refused_;
  std::unique_ptr<char[]> large_text_;
  std::string large_value_;
  std::size_t text_size_ = 0;
  char text_[usual_size];  // what is asked, and a small value behind it
};

/// Many keys. Keys and small values are copied; see single_operation.
class multi_operation : public operation {
 public:
  using operation::operation;

  /// What is asked, once.
  void ask(const protocol::command& command, std::span<const protocol::element> asked);

  std::span<protocol::element> elements() noexcept override { return {asked_.data(), good_}; }
  session::reply_sink& sink(const part&) noexcept override { return answers; }
  std::span<const item> items() const noexcept override { return answer_items; }
  std::span<session::results::refusal> refusals() noexcept override { return answers.refusals(); }

  /// Takes out the elements that are refused: `good` are left, in front.
  std::vector<protocol::element>& asked() noexcept { return asked_; }
  void keep(std::size_t good) noexcept { good_ = good; }

  std::vector<item> answer_items;   ///< by slot
  session::results answers{{}};

 private:
  std::string_view key_of(std::uint32_t slot) const noexcept override { return keys_[slot]; }

  std::vector<protocol::element> asked_;
  std::vector<std::string_view> keys_;   // by slot
  std::size_t good_ = 0;
  session::arena text_;
};

/// A command about servers, for all of them.
class server_operation : public operation {
 public:
  using operation::operation;

  /// What is asked, once.
  void ask(const protocol::command& command);

  void prepare() override { sinks = std::vector<server_sink>(servers->size()); }
  session::reply_sink& sink(const part& p) noexcept override { return sinks[p.server]; }

  std::vector<server_stats> answers();

  std::vector<server_sink> sinks;

 private:
  std::string argument_;
};

}  // namespace cmemcache
