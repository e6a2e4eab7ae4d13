#include "asynchronous.hpp"

#include "async_engines.hpp"
#include "loop_engine.hpp"
#include "loop_future.hpp"
#include "running_loop.hpp"

namespace cmemcache::python {

reference as_future::new_future(const front& of) { return reference::owning(PyObject_CallNoArgs(of.future_class())); }

void as_future::submit(const front& of, operation& op, PyObject* future) {
  static PyObject* const call = PyUnicode_InternFromString("_call");
  try {
    async_engines& engines = of.client().asynchronous();
    // Kept until it has the call: what Python runs in between may close the client.
    const std::shared_ptr<threaded_engine> engine = engines.futures();
    const reference handle = reference::to(engines.futures_handle());
    op.id = engine->next_id();
    const reference id = reference::owning(PyLong_FromUnsignedLongLong(op.id));
    const reference pair = id ? reference::owning(PyTuple_Pack(2, handle.get(), id.get())) : reference();
    if (pair && PyObject_SetAttr(future, call, pair.get()) == 0) return engine->submit(op);
  } catch (...) {  // the system has no thread, or no descriptor
    raise_current();
  }
  refuse<promise_type>(op, future);
}

reference as_awaitable::new_future(const front&) {
  const reference loop = running_loop();
  return loop ? new_loop_future(loop.get()) : reference();
}

std::shared_ptr<loop_engine> as_awaitable::engine_for(const front& of, PyObject* future) {
  return of.client().asynchronous().on_loop(loop_of(future));
}

}  // namespace cmemcache::python
