#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <span>
#include <utility>

namespace cmemcache::python {

/// Py_DECREF. Nothing, on a thread that Python has ended: see stay_outside(). Among several may be nulls.
void let_go(PyObject* object) noexcept;
void let_go(std::span<PyObject* const> objects) noexcept;

/// A strong reference to a Python object, or to none. Move-only; the GIL must be held wherever one is made, moved onto
/// another or destroyed.
class reference {
 public:
  reference() noexcept = default;
  reference(reference&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  reference& operator=(reference&& other) noexcept {
    PyObject* const old = std::exchange(object_, std::exchange(other.object_, nullptr));
    if (old != nullptr) let_go(old);
    return *this;
  }
  ~reference() {
    if (object_ != nullptr) let_go(object_);
  }

  /// Takes over a reference that the caller owns; null is none.
  static reference owning(PyObject* object) noexcept { return reference(object); }

  /// A reference of its own to an object that somebody else keeps; null is none.
  static reference to(PyObject* object) noexcept {
    Py_XINCREF(object);
    return reference(object);
  }

  PyObject* get() const noexcept { return object_; }
  PyObject* release() noexcept { return std::exchange(object_, nullptr); }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  explicit reference(PyObject* object) noexcept : object_(object) {}

  PyObject* object_ = nullptr;
};

}  // namespace cmemcache::python
