#include "client.hpp"

#include <limits>
#include <optional>
#include <string_view>

#include "arguments.hpp"
#include "async_engines.hpp"
#include "errors.hpp"
#include "gil.hpp"
#include "protocol/key.hpp"

namespace cmemcache::python {

namespace {

// The options as cmemcache._options has made them: all there, and of the right types.
class option_reader {
 public:
  explicit option_reader(PyObject* options) noexcept : options_(options) {}

  PyObject* object(const char* name) const {
    PyObject* const value = PyDict_Check(options_) ? PyDict_GetItemString(options_, name) : nullptr;
    if (value == nullptr) {
      PyErr_Format(PyExc_TypeError, "the option %s is missing", name);
      throw python_error_set();
    }
    return value;
  }

  /// Null for None.
  reference optional(const char* name) const {
    PyObject* const value = object(name);
    return reference::to(value == Py_None ? nullptr : value);
  }

  bool flag(const char* name) const {
    bool value = false;
    if (!read_flag(object(name), value)) throw python_error_set();
    return value;
  }

  std::uint64_t number(const char* name) const {
    std::uint64_t value = 0;
    if (!read_unsigned(object(name), name, std::numeric_limits<std::int64_t>::max(), value)) throw python_error_set();
    return value;
  }

  std::chrono::milliseconds milliseconds(const char* name) const { return std::chrono::milliseconds(number(name)); }

  std::string_view text(const char* name) const {
    Py_ssize_t size = 0;
    const char* const data = PyUnicode_AsUTF8AndSize(object(name), &size);
    if (data == nullptr) throw python_error_set();
    return {data, static_cast<std::size_t>(size)};
  }

  std::string_view bytes(const char* name) const {
    char* data = nullptr;
    Py_ssize_t size = 0;
    if (PyBytes_AsStringAndSize(object(name), &data, &size) != 0) throw python_error_set();
    return {data, static_cast<std::size_t>(size)};
  }

  template <typename Value>
  Value choice(const char* name, std::optional<Value> (*parse)(std::string_view) noexcept) const {
    if (const std::optional<Value> value = parse(text(name))) return *value;
    PyErr_Format(PyExc_ValueError, "%s: %R is not known", name, object(name));
    throw python_error_set();
  }

 private:
  PyObject* options_;
};

// (ca_file, cert_file, key_file, server_name, verify), or None.
std::optional<tls_options> read_tls(const option_reader& from) {
  const reference given = from.optional("tls");
  if (!given) return std::nullopt;
  const char *ca = nullptr, *cert = nullptr, *key = nullptr, *name = nullptr;
  int verify = 1;
  if (!PyArg_ParseTuple(given.get(), "yyyyp", &ca, &cert, &key, &name, &verify)) throw python_error_set();
  return tls_options{.ca_file = ca, .cert_file = cert, .key_file = key, .server_name = name, .verify = verify != 0};
}

std::optional<wire_protocol> parse_protocol(std::string_view name) noexcept {
  if (name == "auto") return wire_protocol::automatic;
  if (name == "text") return wire_protocol::text;
  if (name == "meta") return wire_protocol::meta;
  if (name == "binary") return wire_protocol::binary;
  return std::nullopt;
}

client_options engine_options(const option_reader& from) {
  client_options to;
  to.connect_timeout = from.milliseconds("connect_timeout");
  to.timeout = from.milliseconds("timeout");
  to.dead_retry = from.milliseconds("dead_retry");
  to.resolve_interval = from.milliseconds("resolve_interval");
  to.discovery_interval = from.milliseconds("discovery_interval");
  to.distribution = from.choice("distribution", parse_distribution);
  to.hash = from.choice("hash", parse_hash_kind);
  to.failover = from.flag("failover");
  to.protocol = from.choice("protocol", parse_protocol);
  to.username = from.text("username");
  to.password = from.text("password");
  to.key_prefix = from.bytes("key_prefix");
  to.max_connections = from.number("max_connections");
  to.pipelined_connections = from.number("pipelined_connections");
  to.max_in_flight = from.number("max_in_flight");
  to.max_in_flight_bytes = from.number("max_in_flight_bytes");
  to.flush_on_reconnect = from.flag("flush_on_reconnect");
  to.max_value_length = from.number("max_value_length");
  to.tls = read_tls(from);
  if (const error_code bad = protocol::check_prefix(to.key_prefix)) {
    raise_key_error(bad, from.object("key_prefix"));
    throw python_error_set();
  }
  return to;
}

bool read_server(PyObject* entry, std::vector<server>& out) {
  PyObject* name = entry;
  std::uint64_t weight = 1;
  if (PyTuple_Check(entry) && PyTuple_GET_SIZE(entry) == 2) {
    name = PyTuple_GET_ITEM(entry, 0);
    if (!read_unsigned(PyTuple_GET_ITEM(entry, 1), "the weight of a server", 0xffffffff, weight)) return false;
    if (weight == 0) {
      PyErr_Format(PyExc_ValueError, "the weight of a server must be 1 or more: %R", entry);
      return false;
    }
  }
  if (!PyUnicode_Check(name)) {
    PyErr_Format(PyExc_TypeError, "a server must be a str or (str, weight), not %R", entry);
    return false;
  }
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(name, &size);
  if (text == nullptr) return false;
  error_code bad;
  out.push_back(server::parse({text, static_cast<std::size_t>(size)}, static_cast<std::uint32_t>(weight), bad));
  if (bad) PyErr_Format(PyExc_ValueError, "%R: %s", name, bad.message().c_str());
  return !bad;
}

}  // namespace

bound_client::bound_client(PyObject* servers, PyObject* options) {
  const option_reader from(options);
  values = from.choice("profile", parse_profile);
  raises = from.flag("raises");
  cache_cas = from.flag("cache_cas");
  max_key_length = from.number("max_key_length");
  key_encoder = from.optional("key_encoder");
  serializer = from.optional("serializer");
  plain_keys = !key_encoder && max_key_length >= protocol::max_key_length;

  std::vector<server> list;
  if (!read_servers(servers, list)) throw python_error_set();
  engine_ = std::make_unique<blocking_engine>(std::move(list), engine_options(from));
  places_characters = values == profile::pymemcache && engine_->options().distribution == distribution::rendezvous;
  life_ = std::make_shared<client_life>();
  asynchronous_ = std::make_unique<async_engines>(engine_->roster());
}

bound_client::~bound_client() { end(); }

void bound_client::end() noexcept {
  if (life_ == nullptr) return;
  life_->ended = true;
  asynchronous_->close();
}

void bound_client::close() {
  without_gil([this] { engine_->close(); });
  asynchronous_->close_for_good();
}

void bound_client::forget_dead_hosts() {
  without_gil([this] { engine_->forget_dead_hosts(); });
}

void bound_client::disconnect_all() {
  without_gil([this] { engine_->disconnect_all(); });
  asynchronous_->disconnect_all();
}

bool read_servers(PyObject* iterable, std::vector<server>& out) {
  if (PyUnicode_Check(iterable) || PyBytes_Check(iterable)) {
    PyErr_Format(PyExc_TypeError, "servers must be a list of servers, not one string: %R", iterable);
    return false;
  }
  const reference list = reference::owning(PySequence_Tuple(iterable));
  if (!list) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(list.get()); ++i)
    if (!read_server(PyTuple_GET_ITEM(list.get(), i), out)) return false;
  return true;
}

}  // namespace cmemcache::python
