#include "blocking.hpp"

#include <exception>
#include <utility>

#include "blocking_engine.hpp"
#include "chunks.hpp"

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

namespace {

// Stores the chunks of what is to be cut. What could not be stored so stays unanswered, and is left out. False: an
// exception is set.
bool cut_large_values(multi_exchange& x) {
  bool all_well = true;
  std::erase_if(x.elements, [&](protocol::element& e) {
    bool stored = true;
    const key_text& key = x.keys[e.slot];
    if (all_well && is_to_be_cut(x, key, e)) all_well = store_chunks(x, key, x.texts[e.slot], e, stored);
    return !stored;
  });
  return all_well;
}

}  // namespace

bool blocking_run::operator()(single_exchange& x) {
  if (x.client.values == profile::libmc && is_to_be_cut(x, x.key, x.asked)) [[unlikely]] {
    bool stored = false;
    if (!store_chunks(x, x.key, x.text, x.asked, stored)) return false;
    if (!stored) return true;
  }
  x.values().begin_in(room_);
  x.values().take_gil_by(gil_);
  return outside(x, [&](blocking_engine& engine, call& c) {
           engine.run(x.what, {&x.asked, 1}, x.values(), c, x.stand_ins());
         }) &&
         x.settle();
}

bool blocking_run::operator()(multi_exchange& x) {
  if (x.keys.empty()) return true;
  if (x.client.values == profile::libmc && !x.texts.empty() && !cut_large_values(x)) return false;
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
