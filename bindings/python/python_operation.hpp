#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client.hpp"
#include "errors.hpp"
#include "front.hpp"
#include "loop_standing.hpp"
#include "multi_exchange.hpp"
#include "operation.hpp"
#include "reference.hpp"
#include "servers_exchange.hpp"
#include "single_exchange.hpp"
#include "verbs.hpp"

namespace cmemcache::python {

/// The operation that carries out an exchange of one kind, and how the one is filled in from the other, before and after.
template <typename Exchange>
struct carried_by;

template <>
struct carried_by<single_exchange> {
  using operation = single_operation;
  static void ask(single_operation& op, single_exchange& x);
  static void answer(single_operation& op, single_exchange& x);
};

template <>
struct carried_by<multi_exchange> {
  using operation = multi_operation;
  static void ask(multi_operation& op, multi_exchange& x);
  static void answer(multi_operation& op, multi_exchange& x);
};

template <>
struct carried_by<servers_exchange> {
  using operation = server_operation;
  static void ask(server_operation& op, servers_exchange& x);
  static void answer(server_operation& op, servers_exchange& x);
};

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

/// A future, of either kind, and the end of its call. Nothing that goes wrong here goes anywhere else.
class promise {
 public:
  explicit promise(reference future) noexcept : future_(std::move(future)) {}

  /// One who has been cancelled hears nothing. False: that was so.
  bool keep(const outcome& became) noexcept;

  /// Whether one who waits in an event loop does not any more.
  bool is_cancelled() const noexcept;
  void cancel() noexcept;

 protected:
  reference future_;
};

/// The same of a cmemcache.Future.
class future_promise : public promise {
 public:
  using promise::promise;
  bool keep(const outcome& became) noexcept;

 private:
  bool is_looked_at() const noexcept;
};

/// Whether the Python object of a client is there, and will be as long as somebody refers to it.
bool is_there(const client_life& life, PyObject* client) noexcept;

/// Sets the ClosedError of a call whose client went away.
void raise_client_is_gone();

/// Counts the replies to a call that nobody waited for.
void count_orphaned_replies(operation& op) noexcept;

/// The exchange of a verb on its way through an asynchronous engine, and the `Promise` to the future that waits for its
/// result.
///
/// Made and begun with the GIL held, completed with the GIL held; Python's half goes then, so that what is left, which may
/// still have a reply to swallow, is C++ and needs none.
template <typename Exchange, typename Promise>
class python_operation final : public carried_by<Exchange>::operation {
 public:
  using result_maker = PyObject* (*)(Exchange&);

  python_operation(const front& of, verb op, result_maker make_result, const call_arguments& given)
      : carried_by<Exchange>::operation(of.client().engine().options().timeout), make_result_(make_result) {
    python_.emplace(of, op);
    const Py_ssize_t count = given.count + (given.names == nullptr ? 0 : PyTuple_GET_SIZE(given.names));
    for (Py_ssize_t i = 0; i < count && i < signature::most; ++i)
      python_->arguments[static_cast<std::size_t>(i)] = reference::to(given.given[i]);
  }

  Exchange& exchange() noexcept { return python_->x; }

  /// The exchange has been read: `future` will hear of the result.
  void begin(reference future) {
    python_->waits.emplace(std::move(future));
    carried_by<Exchange>::ask(*this, python_->x);
    prefix_ = this->what.prefix;
    this->what.prefix = prefix_;
  }

  /// Its future is one of an event loop, and is asked from now on whether it was cancelled: that tells us nothing of itself.
  void waits_in(const loop_standing& loop) noexcept { loop_ = &loop; }

  bool wanted() const noexcept override { return loop_ == nullptr || !python_ || !python_->waits->is_cancelled(); }

  // Whoever hears of the result finds the client and the arguments let go of.
  void complete() override {
    if (loop_ != nullptr && loop_->is_closed) {  // asyncio would complain of a result that nobody can ever fetch
      python_->waits->cancel();
      return python_.reset();
    }
    const outcome became = conclude();
    Promise waits = std::move(*python_->waits);
    const bool in_trouble = !python_->x.failures.empty();
    python_.reset();
    if (!waits.keep(became) && loop_ != nullptr && !in_trouble) count_orphaned_replies(*this);
  }

 private:
  struct half {
    half(const front& of, verb op) : x(of.client_object(), of.client(), op), life(of.client().life()) {
      x.raises = of.raises();
    }

    Exchange x;
    std::array<reference, signature::most> arguments;
    std::shared_ptr<const client_life> life;
    std::optional<Promise> waits;
  };

  // The client is kept meanwhile: what Python runs here, or on another thread, may let go of it.
  outcome conclude() {
    half& done = *python_;
    reference client;
    PyObject* value = nullptr;
    try {
      if (!is_there(*done.life, done.x.self)) {
        raise_client_is_gone();
      } else {
        client = reference::to(done.x.self);
        carried_by<Exchange>::answer(*this, done.x);
        if (done.x.settle()) value = make_result_(done.x);
      }
    } catch (...) {
      raise_current();
    }
    return outcome(value);
  }

  result_maker make_result_;
  const loop_standing* loop_ = nullptr;
  std::string prefix_;  // a reply that is swallowed is still compared with what was asked
  std::optional<half> python_;
};

}  // namespace cmemcache::python
