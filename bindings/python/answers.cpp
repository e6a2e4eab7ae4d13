#include "answers.hpp"

#include <limits>
#include <new>

namespace cmemcache::python {

char* answers::place_large(std::size_t size) noexcept {
  if (size > static_cast<std::size_t>(std::numeric_limits<Py_ssize_t>::max())) return nullptr;
  gil_->enter();
  char* at = nullptr;
  try {
    large_.emplace_back();
    large_.back() = reference::owning(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
    if (large_.back())
      at = PyBytes_AS_STRING(large_.back().get());
    else
      PyErr_Clear();
  } catch (const std::bad_alloc&) {
    // Null says it.
  }
  gil_->leave();
  return at;
}

reference answers::take_large(std::string_view value) {
  for (reference& candidate : large_)
    if (candidate && PyBytes_AS_STRING(candidate.get()) == value.data()) return reference::to(candidate.get());
  return copy(value);
}

}  // namespace cmemcache::python
