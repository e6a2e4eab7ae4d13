#pragma once

#include "net/deadline.hpp"

namespace cmemcache {

class operation_list;

/// Whoever waits on a descriptor.
class watcher {
 public:
  virtual void ready(bool readable, bool writable) = 0;

  /// The driver cannot wait for it any more: it has no memory.
  virtual void given_up() = 0;

 protected:
  ~watcher() = default;
};

/// Whoever waits for the operating system on behalf of a dispatcher: Asio, or another event loop. Nothing in the
/// dispatcher blocks, and nothing in it knows which loop it is.
///
/// A driver calls the watcher, and dispatcher::wake, one at a time, never from inside these functions, and calls
/// dispatcher::turn after each.
class driver {
 public:
  /// From now on `who` shall hear when `fd` can be read or written, as said here. Replaces what was said before. A driver
  /// may go on telling of a readable `fd` when that is not asked for any more.
  virtual void watch(int fd, watcher& who, bool readable, bool writable) = 0;

  /// `fd` is about to be closed.
  virtual void forget(int fd) noexcept = 0;

  /// dispatcher::wake shall be called at `when`; the end of time: it need not be.
  virtual void wake_at(net::time_point when) = 0;

  /// These operations are over: complete() and release() shall be called for each, once. The last thing that turn() does.
  virtual void deliver(operation_list over) = 0;

 protected:
  ~driver() = default;
};

}  // namespace cmemcache
