#include "exchange.hpp"

#include <algorithm>

#include "blocking_engine.hpp"
#include "errors.hpp"

namespace cmemcache::python {

namespace {

// What is wrong with the client or the call, and not with a server, raises whatever the caller wants.
bool is_misuse(const error_code& code) noexcept {
  return code == errc::closed || code == errc::not_a_number || code == errc::bad_argument;
}

}  // namespace

bool exchange::settle_trouble(const answers& from, std::span<const key_text> keys) {
  for (const session::results::refusal& r : from.refusals()) {
    const key_text& key = keys[r.slot];
    if (is_key_error(r.why)) {
      raise_key_error(r.why, key.object);
      return false;
    }
    failures.push_back(describe(r, what.op, key.bytes));
  }
  return report(std::ranges::any_of(from.items(), [](const item& i) { return i.status == status::unanswered; }));
}

bool exchange::report(bool may_raise) {
  for (const failure& f : failures) {
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
