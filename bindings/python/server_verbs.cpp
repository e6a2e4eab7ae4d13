#include <algorithm>
#include <vector>

#include "asynchronous.hpp"
#include "blocking.hpp"
#include "docstrings.hpp"
#include "text.hpp"
#include "verbs.hpp"

namespace cmemcache::python {

namespace {

using arguments = signature::arguments;

template <verb Op>
struct verb_of_all_servers {
  using exchange = servers_exchange;
  static constexpr verb op = Op;
};

// "host:port (weight)", "unix:/path (weight)": what python-memcached calls a server in its statistics.
std::string described(const server& s) {
  const char* const scheme = s.kind == server::transport::unix_socket ? "unix:" : "";
  return scheme + s.label() + " (" + std::to_string(s.weight) + ")";
}

// The replies come in the servers' order, without those of servers in trouble.
std::vector<std::string> names_of(const std::vector<server>& servers, const std::vector<server_stats>& replies) {
  std::vector<std::string> names;
  auto at = servers.begin();
  for (const server_stats& reply : replies) {
    const auto found = std::find_if(at, servers.end(), [&](const server& s) { return s.text == reply.server; });
    names.push_back(found == servers.end() ? reply.server : described(*found));
    if (found != servers.end()) at = found + 1;
  }
  return names;
}

reference statistics_of(const server_stats& reply) {
  reference dict = reference::owning(PyDict_New());
  for (const auto& [name, value] : reply.values) {
    const reference key = text_object(name);
    const reference text = text_object(value);
    if (!dict || !key || !text || PyDict_SetItem(dict.get(), key.get(), text.get()) != 0) return {};
  }
  return dict;
}

reference version_of(const server_stats& reply) {
  return text_object(reply.values.empty() ? std::string_view() : reply.values.front().second);
}

// [(name, what `make` makes of the reply)] of every server.
template <typename Make>
PyObject* by_server(const servers_exchange& x, const Make& make) {
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

struct get_stats : verb_of_all_servers<verb::stats> {
  static bool read(servers_exchange& x, const call_arguments& given) {
    static constinit signature takes("get_stats", 0, {"arg"});
    arguments a;
    if (!given.read(takes, a)) return false;
    if (a[0] == nullptr || a[0] == Py_None) return true;
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(a[0], &size);
    if (text == nullptr) return false;
    x.what.argument = {text, static_cast<std::size_t>(size)};
    return true;
  }

  static PyObject* result(servers_exchange& x) { return by_server(x, statistics_of); }
};

struct version : verb_of_all_servers<verb::version> {
  static bool read(servers_exchange&, const call_arguments& given) {
    static constinit signature takes("version", 0, {});
    arguments a;
    return given.read(takes, a);
  }

  static PyObject* result(servers_exchange& x) { return by_server(x, version_of); }
};

struct flush_all : verb_of_all_servers<verb::flush_all> {
  static bool read(servers_exchange& x, const call_arguments& given) {
    static constinit signature takes("flush_all", 0, {"delay"});
    arguments a;
    std::int64_t delay = 0;
    if (!given.read(takes, a) || !read_time(a[0], delay)) return false;
    x.what.delay = static_cast<std::uint64_t>(std::max<std::int64_t>(delay, 0));
    return true;
  }

  static PyObject* result(servers_exchange&) { return Py_NewRef(Py_None); }
};

}  // namespace

template <typename Driver>
PyMethodDef* server_verbs() {
  static PyMethodDef list[] = {
      method<Driver, get_stats>("get_stats", docs::get_stats),
      method<Driver, version>("version", docs::version),
      method<Driver, flush_all>("flush_all", docs::flush_all),
      {},
  };
  return list;
}

template PyMethodDef* server_verbs<blocking>();
template PyMethodDef* server_verbs<as_future>();
template PyMethodDef* server_verbs<as_awaitable>();

}  // namespace cmemcache::python
