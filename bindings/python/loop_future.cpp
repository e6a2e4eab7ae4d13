#include "loop_future.hpp"

#include <cstddef>
#include <cstring>
#include <utility>

#include <structmember.h>

#include "errors.hpp"
#include "gil.hpp"

namespace cmemcache::python {

namespace {

enum class state : char { pending, finished, failed, cancelled };

struct loop_future {
  PyObject ob_base;
  PyObject* loop;
  PyObject* result;    // or the exception, or what was said as it was cancelled
  PyObject* callback;  // the first; there is seldom another
  PyObject* context;
  PyObject* more;      // list of (callback, context): the others
  PyObject* weak;
  state is;
  char blocking;       // asyncio's: it was yielded, and its task has not seen that yet
  bool unheard;        // nobody has asked for the exception
};

PyTypeObject* type = nullptr;

// asyncio's.
PyObject* task_type = nullptr;
PyObject* invalid_state = nullptr;
PyObject* cancelled_error = nullptr;

PyObject* context_name = nullptr;  // ("context",)

loop_future& at(PyObject* self) noexcept { return *reinterpret_cast<loop_future*>(self); }

// ---- those who wait

bool call_soon(PyObject* self, PyObject* callback, PyObject* context) {
  static PyObject* const name = PyUnicode_InternFromString("call_soon");
  PyObject* const arguments[] = {at(self).loop, callback, self, context};
  return static_cast<bool>(reference::owning(PyObject_VectorcallMethod(name, arguments, 3, context_name)));
}

// A method that only a task's own await makes, and that no one else calls.
bool wakes_a_task(PyObject* callback) noexcept {
  if (!PyCFunction_CheckExact(callback)) return false;
  PyObject* const of = PyCFunction_GET_SELF(callback);
  if (of == nullptr || !PyObject_TypeCheck(of, reinterpret_cast<PyTypeObject*>(task_type))) return false;
  static const PyMethodDef* known = nullptr;
  const PyMethodDef* const method = reinterpret_cast<PyCFunctionObject*>(callback)->m_ml;
  if (method == known) return true;
  if (std::strcmp(method->ml_name, "task_wakeup") != 0) return false;
  known = method;
  return true;
}

// False: it is not to be entered now. What the task does not catch itself is for the loop.
bool go_on(PyObject* self, PyObject* callback, PyObject* context, loop_standing& loop) {
  if (PyContext_Enter(context) != 0) {
    PyErr_Clear();
    return false;
  }
  loop.may_go_on = false;
  const reference done = reference::owning(PyObject_CallOneArg(callback, self));
  loop.may_go_on = static_cast<bool>(done);  // others, when that has been heard
  if (!done) {
    PyObject *kind = nullptr, *exception = nullptr, *traceback = nullptr;
    PyErr_Fetch(&kind, &exception, &traceback);
    PyErr_NormalizeException(&kind, &exception, &traceback);
    if (traceback != nullptr) PyException_SetTraceback(exception, traceback);
    Py_XDECREF(kind);
    Py_XDECREF(traceback);
    loop.raised = reference::owning(exception);
  }
  PyContext_Exit(context);
  return true;
}

// Python's code runs here, and its thread may be ended in it: see stay_outside().
void tell_one(PyObject* self, PyObject* callback, PyObject* context, loop_standing* loop) noexcept {
  try {
    if (loop != nullptr && loop->may_go_on && wakes_a_task(callback) && go_on(self, callback, context, *loop)) return;
    if (!call_soon(self, callback, context)) PyErr_Clear();  // the loop is closed
  } catch (...) {
    stay_outside();
  }
}

void tell(PyObject* self, loop_standing* loop) noexcept {
  loop_future& f = at(self);
  const reference callback = reference::owning(std::exchange(f.callback, nullptr));
  const reference context = reference::owning(std::exchange(f.context, nullptr));
  const reference more = reference::owning(std::exchange(f.more, nullptr));
  if (callback) tell_one(self, callback.get(), context.get(), loop);
  for (Py_ssize_t i = 0; more && i < PyList_GET_SIZE(more.get()); ++i) {
    PyObject* const pair = PyList_GET_ITEM(more.get(), i);
    tell_one(self, PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1), loop);
  }
}

// ---- what became of it

PyObject* new_cancelled_error(PyObject* self) noexcept {
  PyObject* const said = at(self).result;
  return said == nullptr ? PyObject_CallNoArgs(cancelled_error) : PyObject_CallOneArg(cancelled_error, said);
}

bool is_over(PyObject* self) noexcept {
  loop_future& f = at(self);
  f.unheard = false;
  if (f.is == state::pending) PyErr_SetString(invalid_state, "the call is not over");
  if (f.is != state::cancelled) return f.is != state::pending;
  const reference error = reference::owning(new_cancelled_error(self));
  if (error) PyErr_SetObject(cancelled_error, error.get());
  return false;
}

PyObject* result(PyObject* self, PyObject*) noexcept {
  if (!is_over(self)) return nullptr;
  PyObject* const got = at(self).result;
  if (at(self).is == state::finished) return Py_NewRef(got);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(got)), got);
  return nullptr;
}

PyObject* exception(PyObject* self, PyObject*) noexcept {
  if (!is_over(self)) return nullptr;
  return Py_NewRef(at(self).is == state::failed ? at(self).result : Py_None);
}

PyObject* done(PyObject* self, PyObject*) noexcept { return PyBool_FromLong(at(self).is != state::pending); }
PyObject* cancelled(PyObject* self, PyObject*) noexcept { return PyBool_FromLong(at(self).is == state::cancelled); }
PyObject* get_loop(PyObject* self, PyObject*) noexcept { return Py_NewRef(at(self).loop); }
PyObject* make_cancelled_error(PyObject* self, PyObject*) noexcept { return new_cancelled_error(self); }

PyObject* cancel_with(PyObject* self, PyObject* given, PyObject* names) noexcept {
  static const char* const known[] = {"msg", nullptr};
  PyObject* said = Py_None;
  if (!PyArg_ParseTupleAndKeywords(given, names, "|O:cancel", const_cast<char**>(known), &said)) return nullptr;
  loop_future& f = at(self);
  if (f.is != state::pending) return Py_NewRef(Py_False);
  f.is = state::cancelled;
  if (said != Py_None) f.result = Py_NewRef(said);
  tell(self, nullptr);
  return Py_NewRef(Py_True);
}

// ---- callbacks

PyObject* add_done_callback(PyObject* self, PyObject* const* given, Py_ssize_t count, PyObject* names) noexcept {
  const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
  const auto is_context = [](PyObject* name) {  // nearly always the interned one
    return name == PyTuple_GET_ITEM(context_name, 0) || PyUnicode_CompareWithASCIIString(name, "context") == 0;
  };
  if (count != 1 || named > 1 || (named == 1 && !is_context(PyTuple_GET_ITEM(names, 0)))) {
    PyErr_SetString(PyExc_TypeError, "add_done_callback(callback, *, context=None)");
    return nullptr;
  }
  loop_future& f = at(self);
  PyObject* const callback = given[0];
  reference context = named == 1 && given[1] != Py_None ? reference::to(given[1]) : reference::owning(PyContext_CopyCurrent());
  if (!context) return nullptr;
  if (f.is != state::pending) {
    if (!call_soon(self, callback, context.get())) return nullptr;
  } else if (f.callback == nullptr && f.more == nullptr) {
    f.callback = Py_NewRef(callback);
    f.context = context.release();
  } else {
    if (f.more == nullptr) f.more = PyList_New(0);
    const reference pair = reference::owning(PyTuple_Pack(2, callback, context.get()));
    if (f.more == nullptr || !pair || PyList_Append(f.more, pair.get()) != 0) return nullptr;
  }
  return Py_NewRef(Py_None);
}

PyObject* remove_done_callback(PyObject* self, PyObject* callback) noexcept {
  loop_future& f = at(self);
  Py_ssize_t removed = 0;
  if (f.callback != nullptr) {
    const reference first = reference::to(f.callback);
    const int same = PyObject_RichCompareBool(first.get(), callback, Py_EQ);
    if (same < 0) return nullptr;
    if (same == 1 && f.callback == first.get()) {
      Py_CLEAR(f.callback);
      Py_CLEAR(f.context);
      ++removed;
    }
  }
  const reference more = reference::to(f.more);
  const reference left = reference::owning(PyList_New(0));
  if (!left) return nullptr;
  for (Py_ssize_t i = 0; more && i < PyList_GET_SIZE(more.get()); ++i) {
    const reference pair = reference::to(PyList_GET_ITEM(more.get(), i));
    const int same = PyObject_RichCompareBool(PyTuple_GET_ITEM(pair.get(), 0), callback, Py_EQ);
    if (same < 0 || (same == 0 && PyList_Append(left.get(), pair.get()) != 0)) return nullptr;
    removed += same;
  }
  if (more && f.more == more.get() && PyList_SetSlice(f.more, 0, PyList_GET_SIZE(f.more), left.get()) != 0) return nullptr;
  return PyLong_FromSsize_t(removed);
}

// ---- await

PyObject* itself(PyObject* self) noexcept { return Py_NewRef(self); }

PySendResult send(PyObject* self, PyObject*, PyObject** out) noexcept {
  loop_future& f = at(self);
  if (f.is != state::pending) {
    *out = result(self, nullptr);
    return *out == nullptr ? PYGEN_ERROR : PYGEN_RETURN;
  }
  if (f.blocking == 0) {
    f.blocking = 1;
    *out = Py_NewRef(self);
    return PYGEN_NEXT;
  }
  PyErr_SetString(PyExc_RuntimeError, "await wasn't used with future");
  return PYGEN_ERROR;
}

PyObject* next(PyObject* self) noexcept {
  PyObject* out = nullptr;
  if (send(self, nullptr, &out) != PYGEN_RETURN) return out;
  // By an instance: a tuple would be taken for the arguments of one.
  const reference value = reference::owning(out);
  const reference stop = reference::owning(PyObject_CallOneArg(PyExc_StopIteration, value.get()));
  if (stop) PyErr_SetObject(PyExc_StopIteration, stop.get());
  return nullptr;
}

// ---- its life

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  loop_future& f = at(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(f.loop);
  Py_VISIT(f.result);
  Py_VISIT(f.callback);
  Py_VISIT(f.context);
  Py_VISIT(f.more);
  return 0;
}

// Whoever still asks finds it cancelled. The loop stays: it clears itself.
int clear(PyObject* self) noexcept {
  loop_future& f = at(self);
  f.is = state::cancelled;
  Py_CLEAR(f.result);
  Py_CLEAR(f.callback);
  Py_CLEAR(f.context);
  Py_CLEAR(f.more);
  return 0;
}

// As asyncio's do: trouble that nobody has asked about is told.
void finalize(PyObject* self) noexcept {
  loop_future& f = at(self);
  if (!f.unheard) return;
  f.unheard = false;
  const exception_kept kept;
  const reference told = reference::owning(Py_BuildValue("{s:N,s:O,s:O}", "message",
      PyUnicode_FromFormat("%s exception was never retrieved", Py_TYPE(f.result)->tp_name), "exception", f.result, "future", self));
  const reference done = told ? reference::owning(PyObject_CallMethod(f.loop, "call_exception_handler", "O", told.get()))
                              : reference();
  if (!done) PyErr_WriteUnraisable(self);
}

void destroy(PyObject* self) noexcept {
  if (at(self).unheard && PyObject_CallFinalizerFromDealloc(self) < 0) return;
  PyObject_GC_UnTrack(self);
  if (at(self).weak != nullptr) PyObject_ClearWeakRefs(self);
  PyTypeObject* const of = Py_TYPE(self);
  clear(self);
  Py_CLEAR(at(self).loop);
  PyObject_GC_Del(self);
  Py_DECREF(of);
}

PyObject* show(PyObject* self) noexcept {
  static const char* const names[] = {"pending", "finished", "failed", "cancelled"};
  return PyUnicode_FromFormat("<cmemcache call, %s, at %p>", names[static_cast<std::size_t>(at(self).is)], self);
}

PyMethodDef methods[] = {
    {"result", result, METH_NOARGS, "The result of the call, or what it raises."},
    {"exception", exception, METH_NOARGS, "What the call raises, or None."},
    {"done", done, METH_NOARGS, "Whether the call is over."},
    {"cancelled", cancelled, METH_NOARGS, "Whether it was cancelled."},
    {"cancel", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&cancel_with)), METH_VARARGS | METH_KEYWORDS,
     "Takes the call back. False if it is over."},
    {"get_loop", get_loop, METH_NOARGS, "The loop that it is of."},
    {"add_done_callback", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&add_done_callback)),
     METH_FASTCALL | METH_KEYWORDS, "Has the loop call callback(self) when the call is over."},
    {"remove_done_callback", remove_done_callback, METH_O, "How often it was there."},
    {"_make_cancelled_error", make_cancelled_error, METH_NOARGS, "asyncio's."},
    {},
};

PyMemberDef members[] = {
    {"_asyncio_future_blocking", T_BOOL, offsetof(loop_future, blocking), 0, nullptr},
    {"_loop", T_OBJECT, offsetof(loop_future, loop), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(loop_future, weak), READONLY, nullptr},
    {},
};

PyObject* cancel_message(PyObject* self, void*) noexcept {
  PyObject* const said = at(self).is == state::cancelled ? at(self).result : nullptr;
  return Py_NewRef(said == nullptr ? Py_None : said);
}

PyGetSetDef properties[] = {
    {"_cancel_message", cancel_message, nullptr, "asyncio's.", nullptr},
    {},
};

template <class Function>
void* slot(Function* function) noexcept {
  return reinterpret_cast<void*>(function);
}

}  // namespace

bool import_loop_futures() noexcept {
  static PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("What a call to be awaited returns: a future of its event loop.")},
      {Py_tp_methods, methods},
      {Py_tp_members, members},
      {Py_tp_getset, properties},
      {Py_tp_dealloc, slot(destroy)},
      {Py_tp_finalize, slot(finalize)},
      {Py_tp_traverse, slot(traverse)},
      {Py_tp_clear, slot(clear)},
      {Py_tp_repr, slot(show)},
      {Py_tp_iter, slot(itself)},
      {Py_tp_iternext, slot(next)},
      {Py_am_await, slot(itself)},
      {Py_am_send, slot(send)},
      {},
  };
  static PyType_Spec spec{"cmemcache._cmemcache.LoopFuture", sizeof(loop_future), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  const reference asyncio = reference::owning(PyImport_ImportModule("asyncio"));
  if (!asyncio) return false;
  task_type = PyObject_GetAttrString(asyncio.get(), "Task");
  invalid_state = PyObject_GetAttrString(asyncio.get(), "InvalidStateError");
  cancelled_error = PyObject_GetAttrString(asyncio.get(), "CancelledError");
  context_name = Py_BuildValue("(N)", PyUnicode_InternFromString("context"));
  type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return task_type != nullptr && invalid_state != nullptr && cancelled_error != nullptr && context_name != nullptr &&
         type != nullptr;
}

reference new_loop_future(PyObject* loop) noexcept {
  loop_future* const made = PyObject_GC_New(loop_future, type);
  if (made == nullptr) return {};
  made->loop = Py_NewRef(loop);
  made->result = made->callback = made->context = made->more = made->weak = nullptr;
  made->is = state::pending;
  made->blocking = 0;
  made->unheard = false;
  PyObject_GC_Track(made);
  return reference::owning(&made->ob_base);
}

PyObject* loop_of(PyObject* future) noexcept { return at(future).loop; }

bool is_cancelled(PyObject* future) noexcept { return at(future).is == state::cancelled; }

// A StopIteration would end whoever awaits it, as if it were a result.
bool settle(PyObject* future, PyObject* value, PyObject* exception, loop_standing* loop) noexcept {
  loop_future& f = at(future);
  if (f.is != state::pending) return false;
  const reference kept = reference::to(future);
  if (value != nullptr) {
    f.result = Py_NewRef(value);
    f.is = state::finished;
  } else {
    const bool stops = PyErr_GivenExceptionMatches(exception, PyExc_StopIteration) != 0;
    f.result = stops ? PyObject_CallFunction(PyExc_TypeError, "s", "StopIteration cannot be raised from an await") : nullptr;
    if (stops && f.result == nullptr) PyErr_Clear();
    if (f.result == nullptr) f.result = Py_NewRef(exception);
    f.is = state::failed;
    f.unheard = true;
  }
  tell(future, loop);
  return true;
}

void cancel(PyObject* future) noexcept {
  loop_future& f = at(future);
  if (f.is != state::pending) return;
  f.is = state::cancelled;
  tell(future, nullptr);
}

}  // namespace cmemcache::python
