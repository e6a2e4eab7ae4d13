#pragma once

#include <memory>

#include "client.hpp"
#include "reference.hpp"

namespace cmemcache::python {

/// A way to call a client that does not block: the C++ half of `_cmemcache.FrontBase`, which FutureClient and
/// AsyncClient derive from. Keeps its client alive; what is under way does not.
///
/// Used with the GIL held.
class front {
 public:
  /// `client`: a ClientBase. `raises`: errors="raise". `future_class`: what FutureClient's calls return, else None.
  /// A failure throws python_error_set.
  front(PyObject* client, bool raises, PyObject* future_class);
  front(const front&) = delete;
  front& operator=(const front&) = delete;

  PyObject* client_object() const noexcept { return client_object_.get(); }
  bound_client& client() const noexcept { return *client_; }
  bool raises() const noexcept { return raises_; }
  PyObject* future_class() const noexcept { return future_class_.get(); }

  /// For the garbage collector.
  void let_go() noexcept {
    client_object_ = {};
    client_ = nullptr;
  }

 private:
  reference client_object_;
  bound_client* client_;
  bool raises_;
  reference future_class_;
};

/// The C++ half of `self`; null: an exception is set.
front* front_of(PyObject* self) noexcept;

}  // namespace cmemcache::python
