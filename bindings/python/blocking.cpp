#include "blocking.hpp"

#include <exception>
#include <utility>

#include "blocking_engine.hpp"

namespace cmemcache::python {

template <typename Work>
bool blocking_run::outside(exchange& x, Work&& work) {
  call c;
  c.interrupted = gil_exit::ask_signals;
  c.context = &gil_;
  c.checked = x.checked;
  std::exception_ptr thrown;
  gil_.leave();
  try {
    work(x.client.engine(), c);
  } catch (...) {
    thrown = std::current_exception();
  }
  gil_.enter();
  if (!c.failures.empty()) [[unlikely]]
    x.failures = std::move(c.failures);
  if (thrown) [[unlikely]] {
    if (!gil_.signal_raised()) std::rethrow_exception(thrown);
    return false;
  }
  return !gil_.signal_raised();
}

bool blocking_run::operator()(single_exchange& x) {
  x.values().begin_in(room_);
  x.values().take_gil_by(gil_);
  return outside(x, [&](blocking_engine& engine, call& c) {
           engine.run(x.what, {&x.asked, 1}, x.values(), c, x.stand_ins());
         }) &&
         x.settle();
}

bool blocking_run::operator()(multi_exchange& x) {
  if (x.keys.empty()) return true;
  x.values().take_gil_by(gil_);
  return outside(x, [&](blocking_engine& engine, call& c) {
           engine.run(x.what, x.elements, x.values(), c, x.stand_ins());
         }) &&
         x.settle();
}

bool blocking_run::operator()(servers_exchange& x) {
  return outside(x, [&](blocking_engine& engine, call& c) {
           x.replies = engine.ask_all(x.what, c);
           x.servers = engine.servers();
         }) &&
         x.settle();
}

}  // namespace cmemcache::python
