#include <algorithm>
#include <vector>

#include "docstrings.hpp"
#include "exchange.hpp"
#include "values.hpp"
#include "verbs.hpp"

namespace cmemcache::python {

namespace {

using arguments = signature::arguments;

// The exchange of a verb about many keys. The slot of a key is its place in `objects`.
class multi_exchange : public exchange {
 public:
  // `objects` is a list or tuple of our own, so that nobody takes a key out of it while the GIL is away.
  multi_exchange(PyObject* self, bound_client& client, verb op, const reference& objects)
      : exchange(self, client, op),
        keys(static_cast<std::size_t>(PySequence_Fast_GET_SIZE(objects.get()))),
        elements(keys.size()),
        items(keys.size()),
        values(items, {}, gil),
        objects_(objects.get()) {}

  // All of them, before anything is sent. False: an exception is set.
  bool read_keys(PyObject* prefix) {
    if (!read_prefix(client, prefix, prefix_, what.prefix)) return false;
    std::size_t hashed = 0;
    for (std::size_t slot = 0; slot < keys.size(); ++slot) {
      key_text& key = keys[slot];
      protocol::element& e = elements[slot];
      if (!read_key(client, object(slot), keys_of::multi, key)) return false;
      e.key = key.bytes;
      e.slot = static_cast<std::uint32_t>(slot);
      if (const error_code bad = client.engine().check(what, e)) {
        raise_key_error(bad, key.object);
        return false;
      }
      hashed += key.hashed;
    }
    if (hashed != 0) separate_hashed(hashed);
    return true;
  }

  bool run() {
    return keys.empty() || (run_parts(elements, hashed_from_, values, hashes_) && settle(values, keys));
  }

  PyObject* object(std::size_t slot) const { return PySequence_Fast_GET_ITEM(objects_, slot); }

  std::vector<key_text> keys;                // by slot
  std::vector<protocol::element> elements;   // by slot only until run()
  std::vector<item> items;                   // by slot
  answers values;

 private:
  void separate_hashed(std::size_t hashed) {
    hashes_.resize(keys.size());
    for (std::size_t slot = 0; slot < keys.size(); ++slot) hashes_[slot] = keys[slot].hash;
    if (hashed == keys.size()) return;
    hashed_from_ = keys.size() - hashed;
    std::ranges::stable_partition(elements, [this](const protocol::element& e) { return !keys[e.slot].hashed; });
  }

  PyObject* objects_;
  std::string prefix_;
  std::vector<std::uint64_t> hashes_;   // by slot
  std::size_t hashed_from_ = 0;
};

enum class result { values, values_and_flags };

PyObject* bytes_and_flags(answers& from, const item& hit) {
  const reference bytes = from.bytes(hit.value);
  const reference flags = reference::owning(PyLong_FromUnsignedLong(hit.flags));
  return bytes && flags ? PyTuple_Pack(2, bytes.get(), flags.get()) : nullptr;
}

PyObject* get_many(PyObject* self, bound_client& client, PyObject* keys, PyObject* prefix, result wanted) {
  const reference objects = reference::owning(PySequence_Tuple(keys));
  if (!objects) return nullptr;
  multi_exchange x(self, client, verb::get, objects);
  if (!x.read_keys(prefix) || !x.run()) return nullptr;
  reference hits = reference::owning(PyDict_New());
  if (!hits) return nullptr;
  for (std::size_t slot = 0; slot < x.items.size(); ++slot) {
    const item& answer = x.items[slot];
    if (answer.status != status::hit) continue;
    PyObject* const key = x.object(slot);
    const reference value = reference::owning(wanted == result::values ? decode(self, client, key, answer, x.values)
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

// The keys and the values of a mapping, in one order. False: an exception is set.
bool take_apart(PyObject* mapping, reference& keys, reference& values) {
  if (PyDict_CheckExact(mapping)) {
    // No code runs between the two.
    keys = reference::owning(PyDict_Keys(mapping));
    if (keys) values = reference::owning(PyDict_Values(mapping));
    return keys && values;
  }
  const reference found = reference::owning(PyMapping_Keys(mapping));
  if (!found) return false;
  keys = reference::owning(PySequence_Tuple(found.get()));
  if (!keys) return false;
  const Py_ssize_t size = PyTuple_GET_SIZE(keys.get());
  values = reference::owning(PyTuple_New(size));
  if (!values) return false;
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* const value = PyObject_GetItem(mapping, PyTuple_GET_ITEM(keys.get(), i));
    if (value == nullptr) return false;
    PyTuple_SET_ITEM(values.get(), i, value);
  }
  return true;
}

PyObject* keys_not_stored(const multi_exchange& x) {
  reference list = reference::owning(PyList_New(0));
  if (!list) return nullptr;
  for (std::size_t slot = 0; slot < x.items.size(); ++slot)
    if (x.items[slot].status != status::stored && PyList_Append(list.get(), x.object(slot)) != 0) return nullptr;
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
  reference objects, stored;
  if (!given.read(takes, a) || !take_apart(a[0], objects, stored)) return nullptr;
  constexpr int rest = WithFlags ? 4 : 3;
  std::uint64_t flags = 0;
  Py_ssize_t min_compress_len = 0;
  multi_exchange x(self, client, verb::set, objects);
  if (!read_time(a[1], x.what.exptime) || (WithFlags && !read_unsigned(a[3], "flags", UINT32_MAX, flags)) ||
      !read_length(a[rest], "min_compress_len", min_compress_len) || !read_flag(a[rest + 1], x.what.noreply) ||
      !x.read_keys(a[2]))
    return nullptr;
  std::vector<value_text> texts(x.elements.size());
  for (protocol::element& e : x.elements) {
    value_text& text = texts[e.slot];
    if (!encode(self, client, x.object(e.slot), PySequence_Fast_GET_ITEM(stored.get(), e.slot), min_compress_len, text))
      return nullptr;
    e.value = text.bytes;
    e.flags = WithFlags ? static_cast<std::uint32_t>(flags) : text.flags;
  }
  return x.run() ? keys_not_stored(x) : nullptr;
}

PyObject* delete_multi(PyObject* self, bound_client& client, const call_arguments& given) {
  static constinit signature takes("delete_multi", 1, {"keys", "key_prefix", "noreply"});
  arguments a;
  if (!given.read(takes, a)) return nullptr;
  const reference objects = reference::owning(PySequence_Tuple(a[0]));
  if (!objects) return nullptr;
  multi_exchange x(self, client, verb::delete_, objects);
  if (!read_flag(a[2], x.what.noreply) || !x.read_keys(a[1]) || !x.run()) return nullptr;
  return PyLong_FromLong(
      std::ranges::none_of(x.items, [](const item& i) { return i.status == status::unanswered; }));
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
