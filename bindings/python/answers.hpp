#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "gil.hpp"
#include "reference.hpp"
#include "session/results.hpp"

namespace cmemcache::python {

/// The answers to one call, and their way into bytes objects. Made and destroyed with the GIL held, filled without.
///
/// With a way to the GIL there is this difference to session::results: a large value is received straight into a bytes
/// object, so that it is held once. Without, which is what a thread needs that must never wait for the GIL, all values
/// lie in plain memory.
class answers final : public session::results {
 public:
  /// Bytes: from this size on a value gets an object of its own, for which the GIL is taken for a moment.
  static constexpr std::size_t large = 64 * 1024;

  explicit answers(std::span<item> items) noexcept : results(items) {}

  /// The first values shall lie in `room`, which must outlive them. Before any are there.
  void begin_in(std::span<char> room) noexcept { memory() = session::arena(room); }

  /// Large values shall be received into objects, made while `gil`, which is outside whenever one comes, is inside.
  void take_gil_by(gil_exit& gil) noexcept { gil_ = &gil; }

  /// Whether the caller's thread carries the call out, and so may carry out another before it has a result.
  bool are_of_blocking_call() const noexcept { return gil_ != nullptr; }

  char* place(std::uint32_t slot, std::size_t size) noexcept override {
    return size < large || gil_ == nullptr ? results::place(slot, size) : place_large(size);
  }

  /// The value of an item as bytes, wherever it lies. Null: an exception is set.
  reference bytes(std::string_view value) { return value.size() < large ? copy(value) : take_large(value); }

 private:
  static reference copy(std::string_view value) {
    return reference::owning(PyBytes_FromStringAndSize(value.data(), static_cast<Py_ssize_t>(value.size())));
  }
  char* place_large(std::size_t size) noexcept;
  reference take_large(std::string_view value);

  gil_exit* gil_ = nullptr;
  std::vector<reference> large_;  // also those whose connection was lost half way
};

}  // namespace cmemcache::python
