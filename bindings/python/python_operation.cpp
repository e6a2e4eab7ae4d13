#include "python_operation.hpp"

#include <algorithm>

#include <boost/system/errc.hpp>

namespace cmemcache::python {

namespace {

// What is under way when a client is closed says what a later call says.
void take_error(operation& op) {
  if (op.error == boost::system::errc::operation_canceled) op.error = errc::closed;
}

}  // namespace

void carried_by<single_exchange>::ask(single_operation& op, single_exchange& x) {
  op.ask(x.what, x.asked);
  if (x.key.hash) op.hashes.push_back(x.key.hash);
  if (const error_code bad = x.client.engine().check(x.what, x.asked)) op.refused(0, bad, {});
}

void carried_by<single_exchange>::answer(single_operation& op, single_exchange& x) {
  take_error(op);
  x.answer = op.answer;
  for (const auto& r : op.refusals()) x.values().refusals().push_back(r);
  x.failures = op.troubles();
}

void carried_by<multi_exchange>::ask(multi_operation& op, multi_exchange& x) {
  op.ask(x.what, x.elements);
  op.hashes = x.hashes();
  if (!x.checked) op.keep(x.client.engine().roster()->take_out_refused(x.what, op.asked(), op.answers).size());
}

void carried_by<multi_exchange>::answer(multi_operation& op, multi_exchange& x) {
  take_error(op);
  x.items = std::move(op.answer_items);
  x.values().answer_in(x.items);
  x.values().refusals() = std::move(op.answers.refusals());
  x.failures = op.troubles();
}

void carried_by<servers_exchange>::ask(server_operation& op, servers_exchange& x) {
  op.ask(x.what);
  op.error = x.client.engine().roster()->check(x.what);
}

void carried_by<servers_exchange>::answer(server_operation& op, servers_exchange& x) {
  take_error(op);
  x.replies = op.answers();
  if (op.servers != nullptr)
    for (std::size_t i = 0; i < op.servers->size(); ++i) x.servers.push_back((*op.servers)[i].where);
  x.failures = op.troubles();
}

outcome::outcome(PyObject* value) noexcept : value_(reference::owning(value)) {
  if (value != nullptr) return;
  PyObject *type = nullptr, *exception = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &exception, &traceback);
  PyErr_NormalizeException(&type, &exception, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(exception, traceback);
  exception_ = reference::owning(exception);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
}

namespace {

bool is_set(PyObject* future, PyObject* question) noexcept {
  const reference answer = reference::owning(PyObject_CallMethodNoArgs(future, question));
  if (!answer) PyErr_Clear();
  return answer.get() == Py_True;
}

}  // namespace

bool promise::keep(const outcome& became) noexcept {
  static PyObject* const set_result = PyUnicode_InternFromString("set_result");
  static PyObject* const set_exception = PyUnicode_InternFromString("set_exception");
  static PyObject* const done = PyUnicode_InternFromString("done");
  try {
    const reference told = reference::owning(
        became.value() != nullptr ? PyObject_CallMethodOneArg(future_.get(), set_result, became.value())
                                  : PyObject_CallMethodOneArg(future_.get(), set_exception, became.exception()));
    if (told) return true;
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {  // a callback that wants to end the thread
      PyErr_WriteUnraisable(future_.get());
      return true;
    }
    // It was cancelled; or it takes no such exception, StopIteration, and is told that.
    const outcome refusal(nullptr);
    if (is_set(future_.get(), done)) return !is_cancelled();
    const reference told_that =
        reference::owning(PyObject_CallMethodOneArg(future_.get(), set_exception, refusal.exception()));
    if (!told_that) PyErr_Clear();
  } catch (...) {
    raise_current();
  }
  return true;
}

// Whether anybody may have its condition, or a callback on it.
bool future_promise::is_looked_at() const noexcept {
  static PyObject* const looked_at = PyUnicode_InternFromString("_looked_at");
  const reference answer = reference::owning(PyObject_GetAttr(future_.get(), looked_at));
  if (!answer) PyErr_Clear();
  return answer.get() != Py_False;
}

// The first attribute may make a dict, and that have the garbage collector run, and others. From the look on nothing does.
bool future_promise::keep(const outcome& became) noexcept {
  static PyObject* const result = PyUnicode_InternFromString("_result");
  static PyObject* const exception = PyUnicode_InternFromString("_exception");
  static PyObject* const state = PyUnicode_InternFromString("_state");
  static PyObject* const finished = PyUnicode_InternFromString("FINISHED");
  const bool is_result = became.value() != nullptr;
  const bool told = PyObject_SetAttr(future_.get(), is_result ? result : exception,
                                     is_result ? became.value() : became.exception()) == 0;
  if (told && !is_looked_at() && PyObject_SetAttr(future_.get(), state, finished) == 0) return true;
  PyErr_Clear();
  return promise::keep(became);
}

bool promise::is_cancelled() const noexcept {
  static PyObject* const cancelled = PyUnicode_InternFromString("cancelled");
  return is_set(future_.get(), cancelled);
}

void promise::cancel() noexcept {
  const reference done = reference::owning(PyObject_CallMethod(future_.get(), "cancel", nullptr));
  if (!done) PyErr_Clear();  // those who waited cannot be told
}

void count_orphaned_replies(operation& op) noexcept {
  if (op.error || op.servers == nullptr || op.parts == 0) return;
  const auto add = [&](const part& p) { count((*op.servers)[p.server].orphaned_replies, 1); };
  add(op.first_part);
  for (const part& p : op.more_parts) add(p);
}

// One that is being destroyed is not, though its __del__ may not have said so: a subclass may have another.
bool is_there(const client_life& life, PyObject* client) noexcept { return !life.ended && Py_REFCNT(client) > 0; }

void raise_client_is_gone() {
  const reference instance = make_trouble({errc::closed, {}, "the client was closed, or let go, during the call"});
  if (instance) raise(instance);
}

}  // namespace cmemcache::python
