#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "gil.hpp"
#include "reference.hpp"
#include "session/results.hpp"

namespace cmemcache::python {

/// The answers to one call, with this difference to session::results: a large value is received straight into a bytes
/// object, so that it is held once. Made and destroyed with the GIL held, filled while `gil` is outside.
class answers final : public session::results {
 public:
  /// Bytes: from this size on a value gets an object of its own, for which the GIL is taken for a moment.
  static constexpr std::size_t large = 64 * 1024;

  answers(std::span<item> items, std::span<char> first, gil_exit& gil) noexcept : results(items, first), gil_(gil) {}

  char* place(std::uint32_t slot, std::size_t size) noexcept override {
    return size < large ? results::place(slot, size) : place_large(size);
  }

  /// The value of an item as bytes. Null: an exception is set.
  reference bytes(std::string_view value) { return value.size() < large ? copy(value) : take_large(value); }

 private:
  static reference copy(std::string_view value) {
    return reference::owning(PyBytes_FromStringAndSize(value.data(), static_cast<Py_ssize_t>(value.size())));
  }
  char* place_large(std::size_t size) noexcept;
  reference take_large(std::string_view value);

  gil_exit& gil_;
  std::vector<reference> large_;  // also those whose connection was lost half way
};

}  // namespace cmemcache::python
