#pragma once

#include <memory>

#include "errors.hpp"
#include "front.hpp"
#include "loop_engine.hpp"
#include "python_operation.hpp"
#include "verbs.hpp"

namespace cmemcache::python {

/// The driver of the verbs that return a concurrent.futures.Future.
struct as_future {
  using promise_type = future_promise;

  template <runnable_verb Verb>
  static PyObject* call(PyObject* self, const call_arguments& given);

  static reference new_future(const front& of);
  static void submit(const front& of, operation& op, PyObject* future);
};

/// Ends a call, which nobody carries out, with the exception that is set: of a client that is closed, told through its
/// future, as everything is.
template <typename Promise>
void refuse(operation& op, PyObject* future) {
  Promise(reference::to(future)).keep(outcome(nullptr));
  op.release();
}

/// The driver of the verbs that return a future of the running event loop.
class as_awaitable {
 public:
  using promise_type = loop_promise;

  template <runnable_verb Verb>
  static PyObject* call(PyObject* self, const call_arguments& given);

  static reference new_future(const front& of);
  template <typename Operation>
  static void submit(const front& of, Operation& op, PyObject* future);

 private:
  static std::shared_ptr<loop_engine> engine_for(const front& of, PyObject* future);
};

/// Reads the arguments and sends the call on its way. Whatever is wrong with it is told through the future, but for what is
/// no Exception: Ctrl-C in a pickle is the caller's own affair.
template <typename Driver, runnable_verb Verb>
PyObject* start(PyObject* self, const call_arguments& given) {
  const front* const of = front_of(self);
  if (of == nullptr) return nullptr;
  using operation_type = python_operation<typename Verb::exchange, typename Driver::promise_type>;
  const auto release = [](operation_type* op) { op->release(); };
  std::unique_ptr<operation_type, decltype(release)> op(new operation_type(*of, Verb::op, &Verb::result, given));
  reference future = Driver::new_future(*of);
  if (!future) return nullptr;
  if (!Verb::read(op->exchange(), given)) {
    if (!PyErr_ExceptionMatches(PyExc_Exception)) return nullptr;
    typename Driver::promise_type(reference::to(future.get())).keep(outcome(nullptr));
    return future.release();
  }
  op->begin(reference::to(future.get()));
  Driver::submit(*of, *op.release(), future.get());
  return future.release();
}

template <runnable_verb Verb>
PyObject* as_future::call(PyObject* self, const call_arguments& given) {
  return start<as_future, Verb>(self, given);
}

template <typename Operation>
void as_awaitable::submit(const front& of, Operation& op, PyObject* future) {
  try {
    const auto engine = engine_for(of, future);
    op.waits().waits_in(engine->standing());
    return engine->submit(op);
  } catch (...) {
    raise_current();
  }
  refuse<promise_type>(op, future);
}

template <runnable_verb Verb>
PyObject* as_awaitable::call(PyObject* self, const call_arguments& given) {
  return start<as_awaitable, Verb>(self, given);
}

}  // namespace cmemcache::python
