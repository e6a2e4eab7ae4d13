#include "front.hpp"

#include "instance.hpp"

namespace cmemcache::python {

front::front(PyObject* client, bool raises, PyObject* future_class)
    : client_object_(reference::to(client)), client_(client_in(client)), raises_(raises), future_class_(reference::to(future_class)) {
  if (client_ == nullptr) throw python_error_set();
}

}  // namespace cmemcache::python
