#pragma once

#include "client.hpp"

namespace cmemcache::python {

/// Whose call it is, and how that wants to hear of trouble. The object outlives the call: whoever makes one sees to it.
struct caller {
  PyObject* self;        ///< whose _dumps, _loads, _report and the like are called; borrowed
  bound_client& client;  ///< the C++ half of `self`
  bool raises;           ///< trouble raises, instead of reading as a miss; at first what the client's `errors` says
};

}  // namespace cmemcache::python
