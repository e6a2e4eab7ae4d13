#pragma once

#include <string_view>

#include "reference.hpp"

namespace cmemcache::python {

/// What a server or the system has said, as a str; bytes that are no UTF-8 are shown escaped. Null: an exception is
/// set.
inline reference text_object(std::string_view text) {
  return reference::owning(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
}

}  // namespace cmemcache::python
