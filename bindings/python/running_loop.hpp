#pragma once

#include <cstdint>

#include "reference.hpp"

namespace cmemcache::python {

/// The event loop that runs in this thread. Null: none does, and an exception says so.
reference running_loop() noexcept;

/// On the stack of what a loop calls, so that running_loop() need not ask asyncio, which asks the system for the number of this
/// process each time. Should somebody make another loop the running one meanwhile, asyncio is asked all the same.
class called_by_loop {
 public:
  explicit called_by_loop(PyObject* loop) noexcept;
  ~called_by_loop();
  called_by_loop(const called_by_loop&) = delete;
  called_by_loop& operator=(const called_by_loop&) = delete;

  /// The loop, if it still is what runs here; borrowed.
  PyObject* loop() const noexcept;

 private:
  PyObject* const loop_;
  const reference mark_;  // asyncio's, which another has whenever a loop begins or ends to run
  const std::uint64_t generation_;
  const called_by_loop* const outer_;
};

}  // namespace cmemcache::python
