#pragma once

#include <span>
#include <vector>

#include "reference.hpp"

namespace cmemcache::python {

/// Objects in an order, borrowed from whoever keeps them.
using objects = std::span<PyObject* const>;

/// A tuple of our own of whatever can be iterated over: nobody else can tell it to let go of an object.
class snapshot {
 public:
  /// Once. False: an exception is set.
  bool take(PyObject* iterable) {
    tuple_ = reference::owning(PySequence_Tuple(iterable));
    return static_cast<bool>(tuple_);
  }

  python::objects objects() const noexcept {
    return {reinterpret_cast<PyTupleObject*>(tuple_.get())->ob_item,
            static_cast<std::size_t>(PyTuple_GET_SIZE(tuple_.get()))};
  }

 private:
  reference tuple_;
};

/// The keys and the values of a mapping, in one order, with references of their own.
class pairs {
 public:
  pairs() = default;
  pairs(const pairs&) = delete;
  pairs& operator=(const pairs&) = delete;
  ~pairs() {
    let_go(keys_);
    let_go(values_);
  }

  /// Once. False: an exception is set.
  bool take(PyObject* mapping) { return PyDict_CheckExact(mapping) ? take_dict(mapping) : take_other(mapping); }

  objects keys() const noexcept { return keys_; }
  objects values() const noexcept { return values_; }

 private:
  bool take_dict(PyObject* dict);
  bool take_other(PyObject* mapping);
  void reserve(std::size_t size);

  std::vector<PyObject*> keys_;
  std::vector<PyObject*> values_;
};

}  // namespace cmemcache::python
