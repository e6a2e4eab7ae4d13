#include "loop_engine.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include "client.hpp"
#include "errors.hpp"
#include "running_loop.hpp"

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
  if (engine == nullptr || engine->is_inherited()) return Py_NewRef(Py_None);
  const called_by_loop here(engine->loop());
  loop_standing& loop = engine->standing();
  loop.may_go_on = true;
  Call(*engine, argument);
  loop.may_go_on = false;
  if (!loop.raised) return Py_NewRef(Py_None);
  const reference raised = std::move(loop.raised);
  raise(raised);
  return nullptr;
}

void call_readable(loop_engine& e, PyObject* fd) { e.ready(static_cast<int>(PyLong_AsLong(fd)), false); }
void call_writable(loop_engine& e, PyObject* fd) { e.ready(static_cast<int>(PyLong_AsLong(fd)), true); }
void call_turn(loop_engine& e, PyObject*) { e.turn(); }
void call_wake(loop_engine& e, PyObject*) { e.wake(); }

PyMethodDef readable_def{"readable", called<call_readable>, METH_O, "A connection of cmemcache's can be read."};
PyMethodDef writable_def{"writable", called<call_writable>, METH_O, "A connection of cmemcache's can be written."};
PyMethodDef turn_def{"turn", called<call_turn>, METH_NOARGS, "What waits in cmemcache is sent."};
PyMethodDef wake_def{"wake", called<call_wake>, METH_NOARGS, "A deadline of cmemcache's may have passed."};

reference required(PyObject* made) {
  if (made == nullptr) throw python_error_set();
  return reference::owning(made);
}

// Of all clients. Never destroyed: an engine may outlive whatever has destructors.
std::vector<std::weak_ptr<loop_engine>>& all_engines() {
  static auto* const all = new std::vector<std::weak_ptr<loop_engine>>;
  return *all;
}

bool is_broken(int fd) noexcept {
  pollfd asked{.fd = fd, .events = 0, .revents = 0};
  return ::poll(&asked, 1, 0) > 0 && (asked.revents & POLLERR) != 0;
}

// None where none runs in this thread. Null with no exception set: it cannot be told.
reference running_loop_or_none() noexcept {
  static PyObject* get = nullptr;
  if (get == nullptr) {
    const reference events = reference::owning(PyImport_ImportModule("asyncio"));
    if (events) get = PyObject_GetAttrString(events.get(), "_get_running_loop");
  }
  reference loop = get == nullptr ? reference() : reference::owning(PyObject_CallNoArgs(get));
  if (!loop) PyErr_Clear();
  return loop;
}

}  // namespace

loop_engine::loop_engine(std::shared_ptr<roster> servers)
    : generation_(net::fork_generation()), dispatcher_(std::move(servers), *this) {}

std::shared_ptr<loop_engine> loop_engine::make(PyObject* loop, std::shared_ptr<roster> servers) {
  end_those_of_closed_loops();
  std::shared_ptr<loop_engine> e(new loop_engine(std::move(servers)));
  e->loop_ = reference::to(loop);
  const auto method = [&](const char* name) { return required(PyObject_GetAttrString(loop, name)); };
  e->add_reader_ = method("add_reader");
  e->remove_reader_ = method("remove_reader");
  e->add_writer_ = method("add_writer");
  e->remove_writer_ = method("remove_writer");
  e->call_soon_ = method("call_soon");
  e->call_at_ = method("call_at");
  e->time_ = method("time");
  auto weak = std::make_unique<weak_engine>(e);
  const reference capsule = required(PyCapsule_New(weak.get(), capsule_name, destroy_capsule));
  weak.release();
  const auto function = [&](PyMethodDef& def) { return required(PyCFunction_New(&def, capsule.get())); };
  e->on_readable_ = function(readable_def);
  e->on_writable_ = function(writable_def);
  e->on_turn_ = function(turn_def);
  e->on_time_ = function(wake_def);
  all_engines().push_back(e);
  return e;
}

loop_engine::~loop_engine() { end(); }

bool loop_engine::is_loop_closed() const noexcept {
  const reference closed = reference::owning(PyObject_CallMethod(loop_.get(), "is_closed", nullptr));
  if (!closed) PyErr_Clear();
  return !closed || closed.get() == Py_True;
}

// ---- coming in

template <class Work>
void loop_engine::enter(Work&& work) {
  if (ended_) return;
  if (busy_) {
    missed_ = true;
    return;
  }
  const auto self = weak_from_this().lock();  // the client may let go of us
  go_round(work);
  if (to_be_ended_) return end();
  if (delivering_) return;
  deliver_all();
  // What those have asked who have just gone on. Should that be over at once, others in the loop come first.
  if (!inbox_.empty() && dispatcher_.size() == 0 && !to_be_ended_) {
    go_round([this] { take_in(); });
    deliver_all();
  }
  if (to_be_ended_) return end();
  if (!inbox_.empty()) call_for_turn();
}

template <class Work>
void loop_engine::go_round(Work&& work) {
  busy_ = true;
  work();
  dispatcher_.turn();
  while (std::exchange(missed_, false)) {
    dispatcher_.wake();
    dispatcher_.turn();
  }
  busy_ = false;
}

// Outside of all else: whoever hears of a result may do anything with the client.
void loop_engine::deliver_all() noexcept {
  if (delivering_) return;
  delivering_ = true;
  while (operation* const op = over_.pop()) {
    op->complete();
    op->release();
  }
  delivering_ = false;
}

void loop_engine::take_in() noexcept {
  while (operation* const op = inbox_.pop()) dispatcher_.submit(*op, op->start);
}

void loop_engine::submit(operation& op) {
  inbox_.push(op);
  if (ended_) to_be_ended_ = true, ended_ = false;
  if (busy_ || delivering_) return;  // and seen to after that
  busy_ = true;
  take_in();
  busy_ = false;
  if (to_be_ended_) return end();
  // Nothing that could be sent with it is under way.
  if (!turn_is_due_ && dispatcher_.size() == 1) return enter([] {});
  call_for_turn();
}

void loop_engine::call_for_turn() noexcept {
  if (turn_is_due_) return;
  turn_is_due_ = true;
  const reference handle = reference::owning(PyObject_CallOneArg(call_soon_.get(), on_turn_.get()));
  if (handle) return;
  PyErr_WriteUnraisable(loop_.get());
  turn_is_due_ = false;
}

void loop_engine::turn() {
  turn_is_due_ = false;
  enter([this] { take_in(); });
}

// libuv, below uvloop, tells of a broken connection once, even if there is something left to be read first, and then of
// nothing more. So whoever still waits for an answer reads on until it meets the error.
void loop_engine::ready(int fd, bool writable) {
  enter([&] {
    for (auto found = watched_.find(fd); found != watched_.end(); found = watched_.find(fd)) {
      found->second.who->ready(!writable, writable);
      if (dispatcher_.size() == 0 || !is_broken(fd)) break;
      writable = false;
    }
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
    forget(fd);
    throw std::system_error(std::make_error_code(std::errc::bad_file_descriptor), "the event loop refuses it");
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

void loop_engine::deliver(operation_list over) { over_.append(over); }

// ---- the end

bool loop_engine::runs_elsewhere() const noexcept {
  if (running_loop_or_none().get() == loop_.get()) return false;
  const reference running = reference::owning(PyObject_CallMethod(loop_.get(), "is_running", nullptr));
  if (!running) PyErr_Clear();
  return running && running.get() == Py_True;
}

// Has the loop do it, which keeps us until then. False: it was closed meanwhile.
template <void (loop_engine::*Work)() noexcept>
bool loop_engine::happens_there() noexcept {
  using kept = std::shared_ptr<loop_engine>;
  static constexpr const char* name = "cmemcache.kept_loop_engine";
  static PyMethodDef def{"work",
                         [](PyObject* capsule, PyObject*) -> PyObject* {
                           const kept self = *static_cast<kept*>(PyCapsule_GetPointer(capsule, name));
                           if (!self->is_inherited()) ((*self).*Work)();
                           return Py_NewRef(Py_None);
                         },
                         METH_NOARGS, "What another thread wants of cmemcache."};
  auto* const self = new kept(shared_from_this());
  const reference capsule = reference::owning(PyCapsule_New(
      self, name, [](PyObject* c) { delete static_cast<kept*>(PyCapsule_GetPointer(c, name)); }));
  if (!capsule) delete self;
  const reference function = capsule ? reference::owning(PyCFunction_New(&def, capsule.get())) : reference();
  const reference handle =
      function ? reference::owning(PyObject_CallMethod(loop_.get(), "call_soon_threadsafe", "O", function.get()))
               : reference();
  if (!handle) PyErr_Clear();
  return static_cast<bool>(handle);
}

void loop_engine::disconnect_all() noexcept {
  if (is_inherited() || ended_) return;
  if (!runs_elsewhere() || !happens_there<&loop_engine::disconnect>()) disconnect();
}

void loop_engine::disconnect() noexcept {
  enter([this] { dispatcher_.disconnect_all(); });
}

void loop_engine::close() noexcept {
  if (is_inherited() || ended_) return;
  const exception_kept guard;
  if (!runs_elsewhere() || !happens_there<&loop_engine::end>()) end();
}

void loop_engine::end() noexcept {
  if (ended_) return;
  to_be_ended_ = true;
  if (busy_) return;
  const exception_kept guard;
  const auto self = weak_from_this().lock();
  standing_.is_closed = is_loop_closed() || _Py_IsFinalizing();
  do {
    busy_ = true;
    take_in();
    dispatcher_.close();
    dispatcher_.turn();
    busy_ = false;
    ended_ = true;
    deliver_all();
  } while (!inbox_.empty() && !delivering_);
  ended_ = true;
  if (!timer_) return;
  const reference cancelled = reference::owning(PyObject_CallMethod(timer_.get(), "cancel", nullptr));
  if (!cancelled) PyErr_Clear();
  timer_ = {};
}

void loop_engine::end_those_of_closed_loops() {
  std::vector<std::shared_ptr<loop_engine>> there;
  auto& all = all_engines();
  std::erase_if(all, [&](const std::weak_ptr<loop_engine>& weak) {
    auto engine = weak.lock();
    const bool over = engine == nullptr || engine->ended_ || engine->is_inherited();
    if (!over) there.push_back(std::move(engine));
    return over;
  });
  for (const auto& engine : there)
    if (engine->is_loop_closed()) engine->end();
}

}  // namespace cmemcache::python
