#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "client.hpp"
#include "errors.hpp"
#include "front.hpp"
#include "multi_exchange.hpp"
#include "operation.hpp"
#include "promises.hpp"
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
    if (this->what.prefix.empty()) return;
    prefix_ = this->what.prefix;
    this->what.prefix = prefix_;
  }

  Promise& waits() noexcept { return *python_->waits; }

  bool wanted() const noexcept override { return !python_ || python_->waits->is_wanted(); }

  // Whoever hears of the result finds the client and the arguments let go of.
  void complete() override {
    if constexpr (requires { waits().is_past(); }) {
      if (waits().is_past()) {
        waits().cancel();
        return python_.reset();
      }
    }
    const outcome became = conclude();
    Promise told = std::move(waits());
    const bool in_trouble = !python_->x.failures.empty();
    python_.reset();
    if constexpr (std::is_void_v<decltype(told.keep(became))>) told.keep(became);
    else if (!told.keep(became) && !in_trouble) count_orphaned_replies(*this);
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
  std::string prefix_;  // a reply that is swallowed is still compared with what was asked
  std::optional<half> python_;
};

}  // namespace cmemcache::python
