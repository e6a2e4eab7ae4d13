#pragma once

#include "loop_standing.hpp"
#include "reference.hpp"

namespace cmemcache::python {

/// What the calls of an AsyncClient return: to whoever awaits, gathers, waits for or cancels one the same as an
/// asyncio.Future, which is one to asyncio.isfuture().
///
/// The difference is that a task which awaits it goes on *at once* when the loop has called us with its answer: there is
/// no entry in the loop's list, no handle, and no look at all sockets in between, which together cost more than the rest
/// of a get. All other callbacks are left to the loop's call_soon(), as asyncio's are.
///
/// Used with the GIL held, on the loop's thread, or while the loop does not run.

/// Has to be called once before all else. False: an exception is set.
bool import_loop_futures() noexcept;

/// Null: an exception is set.
reference new_loop_future(PyObject* loop) noexcept;

/// The loop that it is of; borrowed.
PyObject* loop_of(PyObject* future) noexcept;

bool is_cancelled(PyObject* future) noexcept;

/// Gives it its value or, where that is null, its exception, and tells those who wait. `loop`: null, or how that stands.
/// False: it was cancelled before.
bool settle(PyObject* future, PyObject* value, PyObject* exception, loop_standing* loop) noexcept;

/// Cancels it. Where the loop is closed those who wait cannot be told.
void cancel(PyObject* future) noexcept;

}  // namespace cmemcache::python
