#include "asynchronous.hpp"
#include "blocking.hpp"
#include "docstrings.hpp"
#include "verbs.hpp"

namespace cmemcache::python {

namespace {

using arguments = signature::arguments;

PyObject* none() { return Py_NewRef(Py_None); }

template <verb Op>
struct verb_of_one_key {
  using exchange = single_exchange;
  static constexpr verb op = Op;
};

// The decoded value; null where an exception is set. A miss, or what cannot be decoded, is what the call wants then.
PyObject* value_of(single_exchange& x) {
  if (x.answer.status == status::hit) {
    PyObject* const value = decode(x, x.key, x.answer, x.values());
    if (value != nullptr || PyErr_Occurred() != nullptr) return value;
  }
  return Py_NewRef(x.otherwise == nullptr ? Py_None : x.otherwise);
}

// (first, second), taking over `first`; null where that is null.
PyObject* pair(reference first, PyObject* second) {
  const reference other = reference::owning(second);
  return first && other ? PyTuple_Pack(2, first.get(), other.get()) : nullptr;
}

struct get : verb_of_one_key<verb::get> {
  static bool read(single_exchange& x, const call_arguments& given) {
    static constinit signature takes("get", 1, {"key", "default"});
    arguments a;
    if (!given.read(takes, a) || !x.read_key(a[0])) return false;
    x.otherwise = a[1];
    return true;
  }

  static PyObject* result(single_exchange& x) { return value_of(x); }
};

// The tokens that gets() has kept for cas(), by key, of the calling thread: a dict.
reference remembered_tokens(PyObject* self) { return reference::owning(PyObject_GetAttrString(self, "cas_ids")); }

reference bytes_of(std::string_view text) {
  return reference::owning(PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
}

bool remember_token(const single_exchange& x) {
  const reference key = bytes_of(x.key.bytes);
  if (!key) return false;
  if (x.answer.status == status::hit) {
    const reference token = reference::owning(PyLong_FromUnsignedLongLong(x.answer.cas));
    return token && PyObject_SetItem(x.tokens.get(), key.get(), token.get()) == 0;
  }
  // What an earlier gets() saw is not what is there now.
  if (PyObject_DelItem(x.tokens.get(), key.get()) == 0) return true;
  if (!PyErr_ExceptionMatches(PyExc_KeyError)) return false;
  PyErr_Clear();
  return true;
}

struct gets : verb_of_one_key<verb::gets> {
  static bool read(single_exchange& x, const call_arguments& given) {
    static constinit signature takes("gets", 1, {"key"});
    arguments a;
    if (!given.read(takes, a) || !x.read_key(a[0])) return false;
    // The result may be made by another thread than that whose token it is.
    if (x.client.cache_cas) x.tokens = remembered_tokens(x.self);
    return !x.client.cache_cas || x.tokens;
  }

  static PyObject* result(single_exchange& x) {
    return x.client.cache_cas && !remember_token(x) ? nullptr : value_of(x);
  }
};

struct get_with_cas : verb_of_one_key<verb::gets> {
  static bool read(single_exchange& x, const call_arguments& given) {
    static constinit signature takes("get_with_cas", 1, {"key"});
    arguments a;
    return given.read(takes, a) && x.read_key(a[0]);
  }

  static PyObject* result(single_exchange& x) {
    if (x.answer.status == status::hit) {
      reference value = reference::owning(decode(x, x.key, x.answer, x.values()));
      if (value) return pair(std::move(value), PyLong_FromUnsignedLongLong(x.answer.cas));
      if (PyErr_Occurred() != nullptr) return nullptr;
    }
    return PyTuple_Pack(2, Py_None, Py_None);
  }
};

struct getflags : verb_of_one_key<verb::get> {
  static bool read(single_exchange& x, const call_arguments& given) {
    static constinit signature takes("getflags", 1, {"key"});
    arguments a;
    return given.read(takes, a) && x.read_key(a[0]);
  }

  static PyObject* result(single_exchange& x) {
    if (x.answer.status != status::hit) return none();
    return pair(x.values().bytes(x.answer.value), PyLong_FromUnsignedLong(x.answer.flags));
  }
};

struct gat : verb_of_one_key<verb::gat> {
  static bool read(single_exchange& x, const call_arguments& given) {
    static constinit signature takes("gat", 2, {"key", "time"});
    arguments a;
    return given.read(takes, a) && x.read_key(a[0]) && read_time(a[1], x.what.exptime);
  }

  static PyObject* result(single_exchange& x) { return value_of(x); }
};

struct touch : verb_of_one_key<verb::touch> {
  static bool read(single_exchange& x, const call_arguments& given) {
    static constinit signature takes("touch", 1, {"key", "time", "noreply"});
    arguments a;
    return given.read(takes, a) && x.read_key(a[0]) && read_time(a[1], x.what.exptime) &&
           read_flag(a[2], x.what.noreply);
  }

  static PyObject* result(single_exchange& x) { return PyLong_FromLong(x.answer.status == status::touched); }
};

struct delete_ : verb_of_one_key<verb::delete_> {
  static bool read(single_exchange& x, const call_arguments& given) {
    static constinit signature takes("delete", 1, {"key", "noreply"});
    arguments a;
    return given.read(takes, a) && x.read_key(a[0]) && read_flag(a[1], x.what.noreply);
  }

  static PyObject* result(single_exchange& x) { return PyLong_FromLong(x.answer.status == status::deleted); }
};

template <verb Op>
struct count : verb_of_one_key<Op> {
  static bool read(single_exchange& x, const call_arguments& given) {
    static constinit signature takes(Op == verb::incr ? "incr" : "decr", 1, {"key", "delta", "noreply"});
    arguments a;
    x.asked.number = 1;
    return given.read(takes, a) && x.read_key(a[0]) && read_unsigned(a[1], "delta", UINT64_MAX, x.asked.number) &&
           read_flag(a[2], x.what.noreply);
  }

  static PyObject* result(single_exchange& x) {
    return x.answer.status == status::number ? PyLong_FromUnsignedLongLong(x.answer.number) : none();
  }
};

// The token of a cas: the explicit one, or the one that gets() has kept. Never none: a cas that turned into a plain set
// would overwrite what it was meant to protect.
bool read_token(const single_exchange& x, PyObject* given, std::uint64_t& out) {
  if (given != nullptr && given != Py_None) return read_unsigned(given, "cas", UINT64_MAX, out);
  if (x.client.cache_cas) {
    const reference tokens = remembered_tokens(x.self);
    const reference key = bytes_of(x.key.bytes);
    if (!tokens || !key) return false;
    const reference token = reference::owning(PyObject_GetItem(tokens.get(), key.get()));
    if (token) return read_unsigned(token.get(), "the remembered cas", UINT64_MAX, out);
    if (!PyErr_ExceptionMatches(PyExc_KeyError)) return false;
    PyErr_Clear();
  }
  PyErr_Format(PyExc_ValueError,
               "cas() of %R has no token: give cas=, from get_with_cas(), or make the client with cache_cas=True and "
               "call gets() in this thread first",
               x.key.object);
  return false;
}

template <verb Op>
constexpr const char* store_name() {
  return Op == verb::set       ? "set"
         : Op == verb::add     ? "add"
         : Op == verb::replace ? "replace"
         : Op == verb::append  ? "append"
         : Op == verb::prepend ? "prepend"
                               : "cas";
}

template <verb Op, bool WithFlags>
constexpr signature store_signature() {
  constexpr bool with_cas = Op == verb::cas;
  if constexpr (WithFlags && with_cas)
    return {store_name<Op>(), 2, {"key", "val", "time", "flags", "min_compress_len", "noreply", "cas"}};
  else if constexpr (WithFlags)
    return {store_name<Op>(), 2, {"key", "val", "time", "flags", "min_compress_len", "noreply"}};
  else if constexpr (with_cas)
    return {store_name<Op>(), 2, {"key", "val", "time", "min_compress_len", "noreply", "cas"}};
  else
    return {store_name<Op>(), 2, {"key", "val", "time", "min_compress_len", "noreply"}};
}

template <verb Op, bool WithFlags>
struct store : verb_of_one_key<Op> {
  static bool read(single_exchange& x, const call_arguments& given) {
    static constinit signature takes = store_signature<Op, WithFlags>();
    arguments a;
    std::uint64_t flags = 0;
    Py_ssize_t min_compress_len = 0;
    constexpr int rest = WithFlags ? 4 : 3;
    if (!given.read(takes, a) || !x.read_key(a[0]) || !read_time(a[2], x.what.exptime) ||
        (WithFlags && !read_unsigned(a[3], "flags", UINT32_MAX, flags)) ||
        !read_length(a[rest], "min_compress_len", min_compress_len) || !read_flag(a[rest + 1], x.what.noreply) ||
        (Op == verb::cas && !read_token(x, a[rest + 2], x.asked.number)) ||
        !encode(x, a[0], a[1], min_compress_len, x.text))
      return false;
    x.asked.value = x.text.bytes;
    x.asked.flags = WithFlags ? static_cast<std::uint32_t>(flags) : x.text.flags;
    return true;
  }

  static PyObject* result(single_exchange& x) {
    switch (x.answer.status) {
      case status::stored: return Py_NewRef(Py_True);
      case status::unanswered: return PyLong_FromLong(0);  // as python-memcached tells trouble from a refusal
      default: return Py_NewRef(Py_False);
    }
  }
};

template <typename Driver, bool WithFlags>
PyMethodDef* stores() {
  static PyMethodDef list[] = {
      method<Driver, store<verb::set, WithFlags>>("set", WithFlags ? docs::string_set : docs::set),
      method<Driver, store<verb::add, WithFlags>>("add", WithFlags ? docs::string_add : docs::add),
      method<Driver, store<verb::replace, WithFlags>>("replace", WithFlags ? docs::string_replace : docs::replace),
      method<Driver, store<verb::append, WithFlags>>("append", WithFlags ? docs::string_append : docs::append),
      method<Driver, store<verb::prepend, WithFlags>>("prepend", WithFlags ? docs::string_prepend : docs::prepend),
      method<Driver, store<verb::cas, WithFlags>>("cas", WithFlags ? docs::string_cas : docs::cas),
      {},
  };
  return list;
}

}  // namespace

template <typename Driver>
PyMethodDef* single_verbs() {
  static PyMethodDef list[] = {
      method<Driver, get>("get", docs::get),
      method<Driver, gets>("gets", docs::gets),
      method<Driver, get_with_cas>("get_with_cas", docs::get_with_cas),
      method<Driver, getflags>("getflags", docs::getflags),
      method<Driver, gat>("gat", docs::gat),
      method<Driver, touch>("touch", docs::touch),
      method<Driver, delete_>("delete", docs::delete_),
      method<Driver, count<verb::incr>>("incr", docs::incr),
      method<Driver, count<verb::decr>>("decr", docs::decr),
      {},
  };
  return list;
}

template <typename Driver>
PyMethodDef* store_verbs(bool with_flags) {
  return with_flags ? stores<Driver, true>() : stores<Driver, false>();
}

template PyMethodDef* single_verbs<blocking>();
template PyMethodDef* single_verbs<as_future>();
template PyMethodDef* single_verbs<as_awaitable>();
template PyMethodDef* store_verbs<blocking>(bool with_flags);
template PyMethodDef* store_verbs<as_future>(bool with_flags);
template PyMethodDef* store_verbs<as_awaitable>(bool with_flags);

}  // namespace cmemcache::python
