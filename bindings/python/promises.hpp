#pragma once

#include <utility>

#include "loop_standing.hpp"
#include "reference.hpp"

namespace cmemcache::python {

/// What became of a call: `value`, which is taken over, or where that is null the exception that is set, and is not any
/// more.
class outcome {
 public:
  explicit outcome(PyObject* value) noexcept;

  PyObject* value() const noexcept { return value_.get(); }
  PyObject* exception() const noexcept { return exception_.get(); }

 private:
  reference value_;
  reference exception_;
};

/// A cmemcache.Future, and the end of its call. Nothing that goes wrong here goes anywhere else.
class future_promise {
 public:
  explicit future_promise(reference future) noexcept : future_(std::move(future)) {}

  /// One who has been cancelled hears nothing.
  void keep(const outcome& became) noexcept;

  /// It is withdrawn when it is cancelled.
  static bool is_wanted() noexcept { return true; }

 private:
  bool is_looked_at() const noexcept;
  void set(const outcome& became);

  reference future_;
};

/// The same of a future of an event loop: asked now and then whether it was cancelled, because it tells us nothing of itself.
class loop_promise {
 public:
  explicit loop_promise(reference future) noexcept : future_(std::move(future)) {}

  /// Known when it is submitted.
  void waits_in(loop_standing& loop) noexcept { loop_ = &loop; }

  /// Whether its loop is closed: asyncio would complain of a result that nobody can ever fetch.
  bool is_past() const noexcept { return loop_ != nullptr && loop_->is_closed; }

  /// False: it was cancelled, and hears nothing.
  bool keep(const outcome& became) noexcept;
  bool is_wanted() const noexcept;
  void cancel() noexcept;

 private:
  reference future_;
  loop_standing* loop_ = nullptr;
};

}  // namespace cmemcache::python
