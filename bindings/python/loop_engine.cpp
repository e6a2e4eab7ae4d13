#include "loop_engine.hpp"

#include <pythread.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <boost/system/errc.hpp>

#include "client.hpp"

namespace cmemcache::python {

namespace {

constexpr const char* capsule_name = "cmemcache.loop_engine";

using weak_engine = std::weak_ptr<loop_engine>;

void destroy_capsule(PyObject* capsule) {
  delete static_cast<weak_engine*>(PyCapsule_GetPointer(capsule, capsule_name));
}

// A function that the loop calls: one of the engine's members, if the engine is still there.
template <auto Call>
PyObject* called(PyObject* capsule, PyObject* argument) noexcept {
  const auto engine = static_cast<weak_engine*>(PyCapsule_GetPointer(capsule, capsule_name))->lock();
  if (engine != nullptr && !engine->is_inherited()) Call(*engine, argument);
  return Py_NewRef(Py_None);
}

void call_readable(loop_engine& e, PyObject* fd) { e.ready(static_cast<int>(PyLong_AsLong(fd)), false); }
void call_writable(loop_engine& e, PyObject* fd) { e.ready(static_cast<int>(PyLong_AsLong(fd)), true); }
void call_turn(loop_engine& e, PyObject*) { e.turn(); }
void call_wake(loop_engine& e, PyObject*) { e.wake(); }
void call_end(loop_engine& e, PyObject*) { e.end(); }

PyMethodDef readable_def{"readable", called<call_readable>, METH_O, "A connection of cmemcache's can be read."};
PyMethodDef writable_def{"writable", called<call_writable>, METH_O, "A connection of cmemcache's can be written."};
PyMethodDef turn_def{"turn", called<call_turn>, METH_NOARGS, "What waits in cmemcache is sent."};
PyMethodDef wake_def{"wake", called<call_wake>, METH_NOARGS, "A deadline of cmemcache's may have passed."};
PyMethodDef end_def{"end", called<call_end>, METH_NOARGS, "A client of cmemcache's is closed."};

reference required(PyObject* made) {
  if (made == nullptr) throw python_error_set();
  return reference::owning(made);
}

}  // namespace

loop_engine::loop_engine(std::shared_ptr<roster> servers)
    : generation_(net::fork_generation()), dispatcher_(std::move(servers), *this) {}

std::shared_ptr<loop_engine> loop_engine::make(PyObject* loop, std::shared_ptr<roster> servers) {
  std::shared_ptr<loop_engine> e(new loop_engine(std::move(servers)));
  e->loop_ = reference::to(loop);
  e->thread_ = PyThread_get_thread_ident();
  const auto method = [&](const char* name) { return required(PyObject_GetAttrString(loop, name)); };
  e->add_reader_ = method("add_reader");
  e->remove_reader_ = method("remove_reader");
  e->add_writer_ = method("add_writer");
  e->remove_writer_ = method("remove_writer");
  e->call_soon_ = method("call_soon");
  e->call_at_ = method("call_at");
  e->time_ = method("time");
  e->create_future_ = method("create_future");
  auto weak = std::make_unique<weak_engine>(e);
  const reference capsule = required(PyCapsule_New(weak.get(), capsule_name, destroy_capsule));
  weak.release();
  const auto function = [&](PyMethodDef& def) { return required(PyCFunction_New(&def, capsule.get())); };
  e->on_readable_ = function(readable_def);
  e->on_writable_ = function(writable_def);
  e->on_turn_ = function(turn_def);
  e->on_time_ = function(wake_def);
  e->on_end_ = function(end_def);
  return e;
}

loop_engine::~loop_engine() { end(); }

bool loop_engine::is_over() const noexcept {
  if (ended_) return true;
  const reference closed = reference::owning(PyObject_CallMethod(loop_.get(), "is_closed", nullptr));
  if (!closed) PyErr_Clear();
  return !closed || closed.get() == Py_True;
}

PyObject* loop_engine::create_future() const { return PyObject_CallNoArgs(create_future_.get()); }

// ---- coming in

// One at a time: what the loop runs for us may collect garbage, and close us while we are at it.
template <class Work>
void loop_engine::enter(Work&& work) {
  if (busy_ || ended_) return;
  busy_ = true;
  work();
  dispatcher_.turn();
  busy_ = false;
  if (to_be_ended_) end();
}

void loop_engine::submit(operation& op) {
  if (ended_) op.error = errc::closed;
  dispatcher_.submit(op);
  if (turn_is_due_ || ended_) return;
  if (dispatcher_.size() == 1 && !busy_) return enter([] {});
  turn_is_due_ = true;
  const reference handle = reference::owning(PyObject_CallOneArg(call_soon_.get(), on_turn_.get()));
  if (!handle) PyErr_WriteUnraisable(loop_.get());
}

void loop_engine::turn() {
  turn_is_due_ = false;
  enter([] {});
}

void loop_engine::ready(int fd, bool writable) {
  enter([&] {
    const auto found = watched_.find(fd);
    if (found != watched_.end()) found->second.who->ready(!writable, writable);
  });
}

void loop_engine::wake() {
  timer_ = {};
  timer_at_ = net::time_point::max();
  enter([&] { dispatcher_.wake(); });
}

// ---- the driver's side

void loop_engine::tell(PyObject* method, int fd, PyObject* callback) const {
  const reference number = required(PyLong_FromLong(fd));
  required(PyObject_CallFunctionObjArgs(method, number.get(), callback, number.get(), nullptr));
}

void loop_engine::tell_quietly(PyObject* method, int fd) const noexcept {
  const reference number = reference::owning(PyLong_FromLong(fd));
  const reference done = number ? reference::owning(PyObject_CallOneArg(method, number.get())) : reference();
  if (!done) PyErr_Clear();  // the loop is closed
}

// A reader stays, because taking it away and putting it back for each call would cost more than the call.
void loop_engine::watch(int fd, watcher& who, bool readable, bool writable) {
  watched& w = watched_[fd];
  if (w.who == nullptr) parents_.add(fd);
  w.who = &who;
  try {
    if (readable && !w.reads) {
      tell(add_reader_.get(), fd, on_readable_.get());
      w.reads = true;
    }
    if (writable && !w.writes) tell(add_writer_.get(), fd, on_writable_.get());
    if (!writable && w.writes) tell_quietly(remove_writer_.get(), fd);
    w.writes = writable;
  } catch (const python_error_set&) {
    PyErr_Clear();
    throw std::runtime_error("the event loop refuses a descriptor");
  }
}

void loop_engine::forget(int fd) noexcept {
  const auto found = watched_.find(fd);
  if (found == watched_.end()) return;
  parents_.remove(fd);
  const watched w = found->second;
  watched_.erase(found);
  if (w.reads) tell_quietly(remove_reader_.get(), fd);
  if (w.writes) tell_quietly(remove_writer_.get(), fd);
}

// A timer that comes too early does no harm.
void loop_engine::wake_at(net::time_point when) {
  if (timer_at_ <= when) return;
  const reference now = reference::owning(PyObject_CallNoArgs(time_.get()));
  const std::chrono::duration<double> left = when - net::steady_clock::now();
  const reference at =
      now ? reference::owning(PyFloat_FromDouble(PyFloat_AsDouble(now.get()) + std::max(left.count(), 0.0))) : reference();
  reference handle =
      at ? reference::owning(PyObject_CallFunctionObjArgs(call_at_.get(), at.get(), on_time_.get(), nullptr)) : reference();
  if (!handle) return PyErr_Clear();
  if (timer_) {
    const reference cancelled = reference::owning(PyObject_CallMethod(timer_.get(), "cancel", nullptr));
    if (!cancelled) PyErr_Clear();
  }
  timer_ = std::move(handle);
  timer_at_ = when;
}

void loop_engine::deliver(operation_list over) {
  while (operation* const op = over.pop()) {
    op->complete();
    op->release();
  }
}

// ---- the end

bool loop_engine::runs_elsewhere() const noexcept {
  if (thread_ == PyThread_get_thread_ident()) return false;
  const reference running = reference::owning(PyObject_CallMethod(loop_.get(), "is_running", nullptr));
  if (!running) PyErr_Clear();
  return running && running.get() == Py_True;
}

void loop_engine::disconnect_all() {
  if (!is_inherited() && !runs_elsewhere()) enter([&] { dispatcher_.disconnect_all(); });
}

void loop_engine::close() noexcept {
  if (is_inherited() || ended_) return;
  if (!runs_elsewhere()) return end();
  // Kept by the loop until it has ended there.
  auto* const kept = new std::shared_ptr<loop_engine>(shared_from_this());
  static PyMethodDef def{"end",
                         [](PyObject* capsule, PyObject*) -> PyObject* {
                           (*static_cast<std::shared_ptr<loop_engine>*>(PyCapsule_GetPointer(capsule, nullptr)))->end();
                           return Py_NewRef(Py_None);
                         },
                         METH_NOARGS, "A client of cmemcache's is closed."};
  const reference capsule = reference::owning(PyCapsule_New(kept, nullptr, [](PyObject* c) {
    delete static_cast<std::shared_ptr<loop_engine>*>(PyCapsule_GetPointer(c, nullptr));
  }));
  if (!capsule) delete kept;
  const reference function = capsule ? reference::owning(PyCFunction_New(&def, capsule.get())) : reference();
  const reference handle =
      function ? reference::owning(PyObject_CallMethod(loop_.get(), "call_soon_threadsafe", "O", function.get()))
               : reference();
  if (!handle) {  // it was closed meanwhile
    PyErr_Clear();
    end();
  }
}

void loop_engine::end() noexcept {
  if (ended_) return;
  to_be_ended_ = true;
  if (busy_) return;
  busy_ = true;
  dispatcher_.close({boost::system::errc::operation_canceled, boost::system::system_category()});
  dispatcher_.turn();
  ended_ = true;
  busy_ = false;
  if (!timer_) return;
  const reference cancelled = reference::owning(PyObject_CallMethod(timer_.get(), "cancel", nullptr));
  if (!cancelled) PyErr_Clear();
  timer_ = {};
}

}  // namespace cmemcache::python
