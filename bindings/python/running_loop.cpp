#include "running_loop.hpp"

#include "net/fork_guard.hpp"

namespace cmemcache::python {

namespace {

thread_local const called_by_loop* latest = nullptr;

// Null, in versions of Python that keep it elsewhere; these need no system call to tell.
PyObject* mark_of_thread() noexcept {
  static PyObject* const name = PyUnicode_InternFromString("__asyncio_running_event_loop__");
  PyObject* const of_thread = PyThreadState_GetDict();
  PyObject* const mark = of_thread == nullptr ? nullptr : PyDict_GetItemWithError(of_thread, name);
  if (mark == nullptr && PyErr_Occurred() != nullptr) PyErr_Clear();
  return mark;
}

}  // namespace

called_by_loop::called_by_loop(PyObject* loop) noexcept
    : loop_(loop), mark_(reference::to(mark_of_thread())), generation_(net::fork_generation()), outer_(latest) {
  latest = this;
}

called_by_loop::~called_by_loop() { latest = outer_; }

PyObject* called_by_loop::loop() const noexcept {
  return mark_ && mark_of_thread() == mark_.get() && net::fork_generation() == generation_ ? loop_ : nullptr;
}

reference running_loop() noexcept {
  if (latest != nullptr)
    if (PyObject* const known = latest->loop()) return reference::to(known);
  static PyObject* get = nullptr;
  if (get == nullptr) {
    const reference asyncio = reference::owning(PyImport_ImportModule("asyncio"));
    if (!asyncio) return {};
    get = PyObject_GetAttrString(asyncio.get(), "get_running_loop");
    if (get == nullptr) return {};
  }
  return reference::owning(PyObject_CallNoArgs(get));
}

}  // namespace cmemcache::python
