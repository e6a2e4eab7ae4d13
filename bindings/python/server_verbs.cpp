#include <algorithm>
#include <vector>

#include "blocking.hpp"
#include "docstrings.hpp"
#include "text.hpp"
#include "verbs.hpp"

namespace cmemcache::python {

namespace {

using arguments = signature::arguments;

// "host:port (weight)", "unix:/path (weight)": what python-memcached calls a server in its statistics.
std::string described(const server& s) {
  const char* const scheme = s.kind == server::transport::unix_socket ? "unix:" : "";
  return scheme + s.label() + " (" + std::to_string(s.weight) + ")";
}

// The answers come in the servers' order, without those of servers in trouble.
std::vector<std::string> names_of(const std::vector<server>& servers, const std::vector<server_stats>& answers) {
  std::vector<std::string> names;
  auto at = servers.begin();
  for (const server_stats& answer : answers) {
    const auto found = std::find_if(at, servers.end(), [&](const server& s) { return s.text == answer.server; });
    names.push_back(found == servers.end() ? answer.server : described(*found));
    if (found != servers.end()) at = found + 1;
  }
  return names;
}

reference statistics_of(const server_stats& answer) {
  reference dict = reference::owning(PyDict_New());
  for (const auto& [name, value] : answer.values) {
    const reference key = text_object(name);
    const reference text = text_object(value);
    if (!dict || !key || !text || PyDict_SetItem(dict.get(), key.get(), text.get()) != 0) return {};
  }
  return dict;
}

// [(name, what `make` makes of the answer)] of every server.
template <typename Make>
PyObject* ask(servers_exchange& x, const Make& make) {
  blocking_run run;
  if (!run(x)) return nullptr;
  const std::vector<std::string> names = names_of(x.servers, x.replies);
  reference list = reference::owning(PyList_New(0));
  if (!list) return nullptr;
  for (std::size_t i = 0; i < x.replies.size(); ++i) {
    const reference name = text_object(names[i]);
    const reference made = make(x.replies[i]);
    if (!name || !made) return nullptr;
    const reference entry = reference::owning(PyTuple_Pack(2, name.get(), made.get()));
    if (!entry || PyList_Append(list.get(), entry.get()) != 0) return nullptr;
  }
  return list.release();
}

PyObject* get_stats(PyObject* self, bound_client& client, const call_arguments& given) {
  static constinit signature takes("get_stats", 0, {"arg"});
  arguments a;
  if (!given.read(takes, a)) return nullptr;
  servers_exchange x(self, client, verb::stats);
  if (a[0] != nullptr && a[0] != Py_None) {
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(a[0], &size);
    if (text == nullptr) return nullptr;
    x.what.argument = {text, static_cast<std::size_t>(size)};
  }
  return ask(x, statistics_of);
}

PyObject* version(PyObject* self, bound_client& client, const call_arguments& given) {
  static constinit signature takes("version", 0, {});
  arguments a;
  if (!given.read(takes, a)) return nullptr;
  servers_exchange x(self, client, verb::version);
  return ask(x, [](const server_stats& answer) {
    return text_object(answer.values.empty() ? std::string_view() : answer.values.front().second);
  });
}

PyObject* flush_all(PyObject* self, bound_client& client, const call_arguments& given) {
  static constinit signature takes("flush_all", 0, {"delay"});
  arguments a;
  std::int64_t delay = 0;
  if (!given.read(takes, a) || !read_time(a[0], delay)) return nullptr;
  servers_exchange x(self, client, verb::flush_all);
  x.what.delay = static_cast<std::uint64_t>(std::max<std::int64_t>(delay, 0));
  blocking_run run;
  return run(x) ? Py_NewRef(Py_None) : nullptr;
}

PyObject* server_for(PyObject*, bound_client& client, const call_arguments& given) {
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
  without_gil(
      [&] { server = key.hashed ? client.engine().server_for_hash(key.hash) : client.engine().server_for(key.bytes); });
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

PyObject* counters(PyObject*, bound_client& client, const call_arguments& given) {
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

PyObject* set_servers(PyObject*, bound_client& client, const call_arguments& given) {
  static constinit signature takes("set_servers", 1, {"servers"});
  arguments a;
  std::vector<server> servers;
  if (!given.read(takes, a) || !read_servers(a[0], servers)) return nullptr;
  without_gil([&] { client.engine().set_servers(std::move(servers)); });
  return Py_NewRef(Py_None);
}

// The verbs that only tell the engine something.
template <void (blocking_engine::*Tell)()>
PyObject* tell(PyObject*, bound_client& client, const call_arguments& given) {
  static constinit signature takes("this method", 0, {});
  arguments a;
  if (!given.read(takes, a)) return nullptr;
  without_gil([&] { (client.engine().*Tell)(); });
  return Py_NewRef(Py_None);
}

}  // namespace

PyMethodDef* server_verbs() {
  static PyMethodDef list[] = {
      method<get_stats>("get_stats", docs::get_stats),
      method<version>("version", docs::version),
      method<flush_all>("flush_all", docs::flush_all),
      method<server_for>("server_for", docs::server_for),
      method<counters>("counters", docs::counters),
      method<set_servers>("set_servers", docs::set_servers),
      method<tell<&blocking_engine::disconnect_all>>("disconnect_all", docs::disconnect_all),
      method<tell<&blocking_engine::disconnect_all>>("quit_all", docs::quit_all),
      method<tell<&blocking_engine::forget_dead_hosts>>("forget_dead_hosts", docs::forget_dead_hosts),
      method<tell<&blocking_engine::close>>("close", docs::close),
      {},
  };
  return list;
}

}  // namespace cmemcache::python
