#include <algorithm>
#include <span>
#include <vector>

#include "docstrings.hpp"
#include "exchange.hpp"
#include "protocol/key.hpp"
#include "values.hpp"
#include "verbs.hpp"

namespace cmemcache::python {

namespace {

using arguments = signature::arguments;

using objects = std::span<PyObject* const>;

// The exchange of a verb about many keys. The slot of a key is its place in `objects`.
class multi_exchange : public exchange {
 public:
  // The objects are kept by somebody whom nobody else can tell to let go of them while the GIL is away.
  multi_exchange(PyObject* self, bound_client& client, verb op, python::objects objects)
      : exchange(self, client, op),
        objects(objects),
        keys(objects.size()),
        elements(objects.size()),
        items(objects.size()),
        values(items, {}, gil) {}

  // All of them, before anything is sent. False: an exception is set.
  bool read_keys(PyObject* prefix) {
    if (!read_prefix(client, prefix, prefix_, what.prefix)) return false;
    std::size_t hashed = 0;
    for (std::size_t slot = 0; slot < keys.size(); ++slot) {
      key_text& key = keys[slot];
      protocol::element& e = elements[slot];
      if (!read_key(client, objects[slot], keys_of::multi, key)) return false;
      e.key = key.bytes;
      e.slot = static_cast<std::uint32_t>(slot);
      if (const error_code bad = protocol::check_key(key.bytes, what.prefix.size())) {
        raise_key_error(bad, key.object);
        return false;
      }
      hashed += key.hashed;
    }
    if (!is_storage(what.op)) skip_checks();  // a store's values are still to be read
    if (hashed != 0) separate_hashed(hashed);
    return true;
  }

  bool run() { return keys.empty() || (run_parts(elements, hashed_from_, values, hashes_) && settle(values, keys)); }

  const python::objects objects;
  std::vector<key_text> keys;               // by slot
  std::vector<protocol::element> elements;  // by slot only until run()
  std::vector<item> items;                  // by slot
  answers values;

 private:
  void separate_hashed(std::size_t hashed) {
    hashes_.resize(keys.size());
    for (std::size_t slot = 0; slot < keys.size(); ++slot) hashes_[slot] = keys[slot].hash;
    if (hashed == keys.size()) return;
    hashed_from_ = keys.size() - hashed;
    std::ranges::stable_partition(elements, [this](const protocol::element& e) { return !keys[e.slot].hashed; });
  }

  std::string prefix_;
  std::vector<std::uint64_t> hashes_;  // by slot
  std::size_t hashed_from_ = 0;
};

enum class result { values, values_and_flags };

PyObject* bytes_and_flags(answers& from, const item& hit) {
  const reference bytes = from.bytes(hit.value);
  const reference flags = reference::owning(PyLong_FromUnsignedLong(hit.flags));
  return bytes && flags ? PyTuple_Pack(2, bytes.get(), flags.get()) : nullptr;
}

// A tuple of our own of whatever can be iterated over.
class snapshot {
 public:
  explicit snapshot(PyObject* iterable) : tuple_(reference::owning(PySequence_Tuple(iterable))) {}

  explicit operator bool() const noexcept { return static_cast<bool>(tuple_); }

  python::objects objects() const noexcept {
    return {reinterpret_cast<PyTupleObject*>(tuple_.get())->ob_item,
            static_cast<std::size_t>(PyTuple_GET_SIZE(tuple_.get()))};
  }

 private:
  reference tuple_;
};

PyObject* get_many(PyObject* self, bound_client& client, PyObject* keys, PyObject* prefix, result wanted) {
  const snapshot asked(keys);
  if (!asked) return nullptr;
  multi_exchange x(self, client, verb::get, asked.objects());
  if (!x.read_keys(prefix) || !x.run()) return nullptr;
  reference hits = reference::owning(PyDict_New());
  if (!hits) return nullptr;
  for (std::size_t slot = 0; slot < x.items.size(); ++slot) {
    const item& answer = x.items[slot];
    if (answer.status != status::hit) continue;
    PyObject* const key = x.objects[slot];
    const reference value = reference::owning(wanted == result::values ? decode(x, key, answer, x.values)
                                                                       : bytes_and_flags(x.values, answer));
    if (value) {
      if (PyDict_SetItem(hits.get(), key, value.get()) != 0) return nullptr;
    } else if (PyErr_Occurred() != nullptr) {
      return nullptr;
    }
  }
  return hits.release();
}

PyObject* get_multi(PyObject* self, bound_client& client, const call_arguments& given) {
  static constinit signature takes("get_multi", 1, {"keys", "key_prefix"});
  arguments a;
  return given.read(takes, a) ? get_many(self, client, a[0], a[1], result::values) : nullptr;
}

// A Client's are the decoded values, as cmemcache's have always been.
template <bool WithFlags>
PyObject* get_multiflags(PyObject* self, bound_client& client, const call_arguments& given) {
  static constinit signature takes("get_multiflags", 1, {"keys", "key_prefix"});
  arguments a;
  constexpr result wanted = WithFlags ? result::values_and_flags : result::values;
  return given.read(takes, a) ? get_many(self, client, a[0], a[1], wanted) : nullptr;
}

// The keys and the values of a mapping, in one order, with references of their own.
class pairs {
 public:
  pairs() = default;
  pairs(const pairs&) = delete;
  pairs& operator=(const pairs&) = delete;
  ~pairs() {
    for (PyObject* object : keys_) Py_DECREF(object);
    for (PyObject* object : values_) Py_DECREF(object);
  }

  // False: an exception is set.
  bool take(PyObject* mapping) { return PyDict_CheckExact(mapping) ? take_dict(mapping) : take_other(mapping); }

  python::objects keys() const noexcept { return keys_; }
  python::objects values() const noexcept { return values_; }

 private:
  // No code runs meanwhile that could change the dict.
  bool take_dict(PyObject* dict) {
    reserve(PyDict_GET_SIZE(dict));
    Py_ssize_t at = 0;
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    while (PyDict_Next(dict, &at, &key, &value)) {
      keys_.push_back(Py_NewRef(key));
      values_.push_back(Py_NewRef(value));
    }
    return true;
  }

  bool take_other(PyObject* mapping) {
    const reference listed = reference::owning(PyMapping_Keys(mapping));
    if (!listed) {
      if (PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Format(PyExc_TypeError, "set_multi() takes a mapping of keys to values, not %s",
                     Py_TYPE(mapping)->tp_name);
      return false;
    }
    const snapshot keys(listed.get());
    if (!keys) return false;
    reserve(static_cast<Py_ssize_t>(keys.objects().size()));
    for (PyObject* key : keys.objects()) {
      PyObject* const value = PyObject_GetItem(mapping, key);
      if (value == nullptr) return false;
      keys_.push_back(Py_NewRef(key));
      values_.push_back(value);
    }
    return true;
  }

  void reserve(Py_ssize_t size) {
    keys_.reserve(static_cast<std::size_t>(size));
    values_.reserve(static_cast<std::size_t>(size));
  }

  std::vector<PyObject*> keys_;
  std::vector<PyObject*> values_;
};

PyObject* keys_not_stored(const multi_exchange& x) {
  reference list = reference::owning(PyList_New(0));
  if (!list) return nullptr;
  for (std::size_t slot = 0; slot < x.items.size(); ++slot)
    if (x.items[slot].status != status::stored && PyList_Append(list.get(), x.objects[slot]) != 0) return nullptr;
  return list.release();
}

template <bool WithFlags>
constexpr signature set_multi_signature() {
  if constexpr (WithFlags)
    return {"set_multi", 1, {"mapping", "time", "key_prefix", "flags", "min_compress_len", "noreply"}};
  else
    return {"set_multi", 1, {"mapping", "time", "key_prefix", "min_compress_len", "noreply"}};
}

template <bool WithFlags>
PyObject* set_multi(PyObject* self, bound_client& client, const call_arguments& given) {
  static constinit signature takes = set_multi_signature<WithFlags>();
  arguments a;
  pairs stored;
  if (!given.read(takes, a) || !stored.take(a[0])) return nullptr;
  constexpr int rest = WithFlags ? 4 : 3;
  std::uint64_t flags = 0;
  Py_ssize_t min_compress_len = 0;
  multi_exchange x(self, client, verb::set, stored.keys());
  if (!read_time(a[1], x.what.exptime) || (WithFlags && !read_unsigned(a[3], "flags", UINT32_MAX, flags)) ||
      !read_length(a[rest], "min_compress_len", min_compress_len) || !read_flag(a[rest + 1], x.what.noreply) ||
      !x.read_keys(a[2]))
    return nullptr;
  std::vector<value_text> texts(x.elements.size());
  for (protocol::element& e : x.elements) {
    value_text& text = texts[e.slot];
    if (!encode(x, x.objects[e.slot], stored.values()[e.slot], min_compress_len, text)) return nullptr;
    e.value = text.bytes;
    e.flags = WithFlags ? static_cast<std::uint32_t>(flags) : text.flags;
  }
  return x.run() ? keys_not_stored(x) : nullptr;
}

PyObject* delete_multi(PyObject* self, bound_client& client, const call_arguments& given) {
  static constinit signature takes("delete_multi", 1, {"keys", "key_prefix", "noreply"});
  arguments a;
  if (!given.read(takes, a)) return nullptr;
  const snapshot asked(a[0]);
  if (!asked) return nullptr;
  multi_exchange x(self, client, verb::delete_, asked.objects());
  if (!read_flag(a[2], x.what.noreply) || !x.read_keys(a[1]) || !x.run()) return nullptr;
  return PyLong_FromLong(std::ranges::none_of(x.items, [](const item& i) { return i.status == status::unanswered; }));
}

template <bool WithFlags>
PyMethodDef* list_of() {
  static PyMethodDef list[] = {
      method<get_multi>("get_multi", docs::get_multi),
      method<get_multiflags<WithFlags>>("get_multiflags",
                                        WithFlags ? docs::string_get_multiflags : docs::get_multiflags),
      method<set_multi<WithFlags>>("set_multi", WithFlags ? docs::string_set_multi : docs::set_multi),
      method<delete_multi>("delete_multi", docs::delete_multi),
      {},
  };
  return list;
}

}  // namespace

PyMethodDef* multi_verbs(bool with_flags) { return with_flags ? list_of<true>() : list_of<false>(); }

}  // namespace cmemcache::python
