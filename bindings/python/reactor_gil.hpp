#pragma once

#include "gil.hpp"

namespace cmemcache::python {

/// The GIL, on a thread that Python did not make: taken for a batch of results. Python's state of the thread is made on
/// first use and kept, because making one costs more than a batch; it goes with the thread.
class reactor_gil {
 public:
  reactor_gil();
  ~reactor_gil();
  reactor_gil(const reactor_gil&) = delete;
  reactor_gil& operator=(const reactor_gil&) = delete;
};

}  // namespace cmemcache::python
