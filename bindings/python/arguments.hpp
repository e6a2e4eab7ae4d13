#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "reference.hpp"

namespace cmemcache::python {

/// The parameters of one verb: their names in positional order, the required ones first.
///
/// read() sorts the arguments of a vector call into them. Calls that name no argument, which are most, are sorted in
/// line; names are compared by identity first, as the interpreter interns those in source code.
class signature {
 public:
  static constexpr Py_ssize_t most = 8;
  using arguments = std::array<PyObject*, most>;

  constexpr signature(const char* verb, Py_ssize_t required, std::initializer_list<const char*> names) noexcept
      : verb_(verb), required_(required) {
    for (const char* name : names) names_[static_cast<std::size_t>(count_++)] = name;
  }

  /// Borrowed references; null for what was left out. False: TypeError is set.
  bool read(PyObject* const* given, Py_ssize_t count, PyObject* names, arguments& out) const {
    if (names == nullptr && count >= required_ && count <= count_) [[likely]] {
      for (Py_ssize_t i = 0; i < count; ++i) out[i] = given[i];
      for (Py_ssize_t i = count; i < count_; ++i) out[i] = nullptr;
      return true;
    }
    return read_named(given, count, names, out);
  }

 private:
  bool read_named(PyObject* const* given, Py_ssize_t count, PyObject* names, arguments& out) const;
  Py_ssize_t find(PyObject* name) const;

  const char* verb_;
  Py_ssize_t required_;
  Py_ssize_t count_ = 0;
  std::array<const char*, most> names_{};
  mutable std::array<PyObject*, most> interned_{};  // made on first need; kept for good
};

/// The `time` of a verb, as memcached shall read it: an int, or a timedelta; null is 0, which is never.
/// Negative becomes -1, at once; over 2**31-1 is cut down to that, since memcached takes it for the past.
/// A timedelta is rounded up to whole seconds, and one of over 30 days becomes the Unix time that it means.
bool read_time(PyObject* time, std::int64_t& out);

/// An unsigned number of up to `limit`; null leaves `out` alone. A wrong type is TypeError, a wrong size ValueError.
bool read_unsigned(PyObject* number, const char* name, std::uint64_t limit, std::uint64_t& out);

/// A length of any size and sign; null leaves `out` alone.
bool read_length(PyObject* number, const char* name, Py_ssize_t& out);

/// Whatever is true; null leaves `out` alone.
bool read_flag(PyObject* object, bool& out);

}  // namespace cmemcache::python
