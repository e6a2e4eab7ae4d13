#pragma once

#include "reference.hpp"

namespace cmemcache::python {

/// What the calls of an event loop know of it, through their engine. Used with the GIL held.
struct loop_standing {
  bool is_closed = false;  ///< it, or the interpreter: nothing runs there any more, and nobody can wait
  bool may_go_on = false;  ///< it has called us, and no task is running: one that waits for us may go on at once
  reference raised;        ///< by a task that did: what is the loop's to hear of, Ctrl-C
};

}  // namespace cmemcache::python
