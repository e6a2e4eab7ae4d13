#pragma once

#include "gil.hpp"
#include "multi_exchange.hpp"
#include "servers_exchange.hpp"
#include "single_exchange.hpp"
#include "verbs.hpp"

namespace cmemcache::python {

/// A call that is carried out on the calling thread, which is without the GIL meanwhile and hears of signals. Lives on
/// the stack of the call, made before the exchange, whose values may lie in it.
class blocking_run {
 public:
  blocking_run() noexcept {}  // leaves room_ alone

  /// Asks, and deals with trouble. Once. False: an exception is set (a signal handler's, one of C++, or trouble's), and
  /// what became of the elements is unknown.
  bool operator()(single_exchange& x);
  bool operator()(multi_exchange& x);
  bool operator()(servers_exchange& x);

 private:
  template <typename Work>
  bool outside(exchange& x, Work&& work);

  gil_exit gil_;
  char room_[4096];  // a small value's place; a thread's stack may be as small as 32 KiB
};

/// The driver of the verbs that block their caller.
struct blocking {
  template <runnable_verb Verb>
  static PyObject* call(PyObject* self, const call_arguments& given) {
    bound_client* const client = client_of(self);
    if (client == nullptr) return nullptr;
    blocking_run run;
    typename Verb::exchange x(self, *client, Verb::op);
    return Verb::read(x, given) && run(x) ? Verb::result(x) : nullptr;
  }
};

}  // namespace cmemcache::python
