#include <optional>
#include <string>
#include <vector>

#include "docstrings.hpp"
#include "gil.hpp"
#include "keys.hpp"
#include "protocol/command.hpp"
#include "text.hpp"
#include "verbs.hpp"

// The verbs that ask no server: they tell the engine something, or look at it, and nobody waits for an answer. Out of
// the GIL all the same: the engine's lock may be held by a call that waits for the GIL.

namespace cmemcache::python {

namespace {

using arguments = signature::arguments;

PyObject* server_for(bound_client& client, const call_arguments& given) {
  static constinit signature takes("server_for", 1, {"key"});
  arguments a;
  key_text key;
  if (!given.read(takes, a) || !read_key(client, a[0], keys_of::single, key)) return nullptr;
  protocol::command what;
  what.prefix = client.engine().options().key_prefix;
  if (const error_code bad = client.engine().check(what, {.key = key.bytes})) {
    raise_key_error(bad, a[0]);
    return nullptr;
  }
  std::optional<std::string> server;
  without_gil([&] {
    const auto* const hash = std::get_if<std::uint64_t>(&key.stand_in);
    const auto* const text = std::get_if<std::string_view>(&key.stand_in);
    server = hash != nullptr ? client.engine().server_for_hash(*hash)
                             : client.engine().server_for(text != nullptr ? *text : key.bytes);
  });
  return server ? text_object(*server).release() : Py_NewRef(Py_None);
}

bool count_into(PyObject* dict, const char* name, std::uint64_t number) {
  const reference value = reference::owning(PyLong_FromUnsignedLongLong(number));
  return value && PyDict_SetItemString(dict, name, value.get()) == 0;
}

reference figures_of(const server_counters& c) {
  reference dict = reference::owning(PyDict_New());
  PyObject* const d = dict.get();
  const bool all = d != nullptr && count_into(d, "hits", c.hits) && count_into(d, "misses", c.misses) &&
                   count_into(d, "stores", c.stores) && count_into(d, "timeouts", c.timeouts) &&
                   count_into(d, "reconnects", c.reconnects) && count_into(d, "connections", c.connections) &&
                   count_into(d, "in_flight", c.in_flight) && count_into(d, "bytes_in", c.bytes_in) &&
                   count_into(d, "bytes_out", c.bytes_out) && count_into(d, "orphaned_replies", c.orphaned_replies) &&
                   count_into(d, "marked_dead", c.marked_dead);
  return all ? std::move(dict) : reference();
}

PyObject* counters(bound_client& client, const call_arguments& given) {
  static constinit signature takes("counters", 0, {});
  arguments a;
  if (!given.read(takes, a)) return nullptr;
  std::vector<server_counters> all;
  without_gil([&] { all = client.engine().counters(); });
  reference dict = reference::owning(PyDict_New());
  if (!dict) return nullptr;
  for (const server_counters& c : all) {
    const reference name = text_object(c.server);
    const reference figures = figures_of(c);
    if (!name || !figures || PyDict_SetItem(dict.get(), name.get(), figures.get()) != 0) return nullptr;
  }
  return dict.release();
}

PyObject* discovery_status(bound_client& client, const call_arguments& given) {
  static constinit signature takes("discovery_status", 0, {});
  arguments a;
  if (!given.read(takes, a)) return nullptr;
  if (client.engine().options().discovery_interval.count() == 0) return Py_NewRef(Py_None);
  cmemcache::discovery_status now;
  without_gil([&] { now = client.engine().discovered(); });
  reference dict = reference::owning(PyDict_New());
  PyObject* const d = dict.get();
  const reference words = now.last_failure.empty() ? reference::to(Py_None) : text_object(now.last_failure);
  const bool all = d != nullptr && words && count_into(d, "version", now.version) && count_into(d, "lookups", now.lookups) &&
                   count_into(d, "failures", now.failures) && PyDict_SetItemString(d, "last_failure", words.get()) == 0;
  return all ? dict.release() : nullptr;
}

PyObject* set_servers(bound_client& client, const call_arguments& given) {
  static constinit signature takes("set_servers", 1, {"servers"});
  arguments a;
  std::vector<server> servers;
  if (!given.read(takes, a) || !read_servers(a[0], servers)) return nullptr;
  without_gil([&] { client.engine().set_servers(std::move(servers)); });
  return Py_NewRef(Py_None);
}

// The verbs that only tell the client something.
template <auto Tell>
PyObject* tell(bound_client& client, const call_arguments& given) {
  static constinit signature takes("this method", 0, {});
  arguments a;
  if (!given.read(takes, a)) return nullptr;
  (client.*Tell)();
  return Py_NewRef(Py_None);
}

}  // namespace

PyMethodDef* client_verbs() {
  static PyMethodDef list[] = {
      method<with_client<server_for>>("server_for", docs::server_for),
      method<with_client<counters>>("counters", docs::counters),
      method<with_client<discovery_status>>("discovery_status", docs::discovery_status),
      method<with_client<set_servers>>("set_servers", docs::set_servers),
      method<with_client<tell<&bound_client::disconnect_all>>>("disconnect_all", docs::disconnect_all),
      method<with_client<tell<&bound_client::disconnect_all>>>("quit_all", docs::quit_all),
      method<with_client<tell<&bound_client::forget_dead_hosts>>>("forget_dead_hosts", docs::forget_dead_hosts),
      method<with_client<tell<&bound_client::close>>>("close", docs::close),
      {},
  };
  return list;
}

}  // namespace cmemcache::python
