#pragma once

namespace cmemcache::python {

/// What the calls of an event loop know of it, through their engine. Read and written with the GIL held.
struct loop_standing {
  bool is_closed = false;  ///< it, or the interpreter: nothing runs there any more, and nobody can wait
};

}  // namespace cmemcache::python
