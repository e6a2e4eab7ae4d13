#pragma once

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "client.hpp"
#include "errors.hpp"
#include "front.hpp"
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

/// A future, of either kind, and the end of its call. Nothing that goes wrong here goes anywhere else.
class promise {
 public:
  explicit promise(reference future) noexcept : future_(std::move(future)) {}

  PyObject* future() const noexcept { return future_.get(); }

  /// `value` (taken over), or where that is null the exception that is set. One who has been cancelled hears nothing.
  void keep(PyObject* value) noexcept;

 private:
  reference future_;
};

/// Sets the ClosedError of a call whose client went away.
void raise_client_is_gone();

/// The exchange of a verb on its way through an asynchronous engine, and the future that waits for its result.
///
/// Made and begun with the GIL held, completed with the GIL held; Python's half goes then, so that what is left, which may
/// still have a reply to swallow, is C++ and needs none.
template <typename Exchange>
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
  }

  void complete() override {
    half& done = *python_;
    PyObject* value = nullptr;
    try {
      if (done.life->ended) {
        raise_client_is_gone();
      } else {
        carried_by<Exchange>::answer(*this, done.x);
        if (done.x.settle()) value = make_result_(done.x);
      }
    } catch (...) {
      raise_current();
    }
    done.waits->keep(value);
    python_.reset();
  }

 private:
  struct half {
    half(const front& of, verb op) : x(of.client_object(), of.client(), op), life(of.client().life()) {
      x.raises = of.raises();
    }

    Exchange x;
    std::array<reference, signature::most> arguments;
    std::shared_ptr<const client_life> life;
    std::optional<promise> waits;
  };

  result_maker make_result_;
  std::optional<half> python_;
};

}  // namespace cmemcache::python
