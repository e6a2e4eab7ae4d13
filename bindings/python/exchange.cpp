#include "exchange.hpp"

#include <algorithm>
#include <exception>

#include "errors.hpp"

namespace cmemcache::python {

namespace {

// What is wrong with the client or the call, and not with a server, raises whatever the caller wants.
bool is_misuse(const error_code& code) noexcept {
  return code == errc::closed || code == errc::not_a_number || code == errc::bad_argument;
}

}  // namespace

template <typename Work>
bool exchange::outside(Work&& work) {
  trouble_.interrupted = gil_exit::ask_signals;
  trouble_.context = &gil;
  std::exception_ptr thrown;
  gil.leave();
  try {
    work();
  } catch (...) {
    thrown = std::current_exception();
  }
  gil.enter();
  if (thrown) [[unlikely]] {
    if (!gil.signal_raised()) std::rethrow_exception(thrown);
    return false;
  }
  return !gil.signal_raised();
}

bool exchange::run_parts(std::span<protocol::element> elements, std::size_t hashed_from, answers& into,
                         std::span<const std::uint64_t> hashes) {
  return outside([&] {
    blocking_engine& engine = client.engine();
    if (hashed_from == 0) return engine.run(what, elements, into, trouble_, hashes);
    engine.run(what, elements.first(hashed_from), into, trouble_);
    if (trouble_.first_error() != errc::interrupted)
      engine.run(what, elements.subspan(hashed_from), into, trouble_, hashes);
  });
}

bool exchange::ask_all(std::vector<server_stats>& out) {
  return outside([&] { out = client.engine().ask_all(what, trouble_); }) && report(true);
}

bool exchange::settle_trouble(const answers& from, std::span<const key_text> keys) {
  for (const session::results::refusal& r : from.refusals()) {
    const key_text& key = keys[r.slot];
    if (is_key_error(r.why)) {
      raise_key_error(r.why, key.object);
      return false;
    }
    trouble_.failures.push_back(describe(r, what.op, key.bytes));
  }
  return report(std::ranges::any_of(from.items(), [](const item& i) { return i.status == status::unanswered; }));
}

bool exchange::report(bool may_raise) {
  for (const failure& f : trouble_.failures) {
    const reference instance = make_trouble(f);
    if (!instance) return false;
    if (is_misuse(f.code)) {
      raise(instance);
      return false;
    }
    if (raises && may_raise) {
      if (PyObject_SetAttrString(self, "last_error", instance.get()) == 0) raise(instance);
      return false;
    }
    const reference done = reference::owning(PyObject_CallMethod(self, "_report", "(O)", instance.get()));
    if (!done) return false;
  }
  return true;
}

}  // namespace cmemcache::python
