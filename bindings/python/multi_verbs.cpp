#include <algorithm>

#include "asynchronous.hpp"
#include "blocking.hpp"
#include "docstrings.hpp"
#include "verbs.hpp"

namespace cmemcache::python {

namespace {

using arguments = signature::arguments;

template <verb Op>
struct verb_of_many_keys {
  using exchange = multi_exchange;
  static constexpr verb op = Op;
};

PyObject* bytes_and_flags(answers& from, const item& hit) {
  const reference bytes = from.bytes(hit.value);
  const reference flags = reference::owning(PyLong_FromUnsignedLong(hit.flags));
  return bytes && flags ? PyTuple_Pack(2, bytes.get(), flags.get()) : nullptr;
}

// A dict that grows to `size` moves everything six times on its way to a hundred.
PyObject* dict_for(std::size_t size) {
#if PY_VERSION_HEX < 0x030d0000
  return _PyDict_NewPresized(static_cast<Py_ssize_t>(size));
#else
  static_cast<void>(size);  // no longer to be had
  return PyDict_New();
#endif
}

// {key: what `make` makes of the hit}. What it makes nothing of, with no exception set, is left out.
template <typename Make>
PyObject* hits_of(multi_exchange& x, const Make& make) {
  const auto is_hit = [](const item& i) { return i.status == status::hit; };
  reference hits = reference::owning(dict_for(static_cast<std::size_t>(std::ranges::count_if(x.items, is_hit))));
  if (!hits) return nullptr;
  for (std::size_t slot = 0; slot < x.items.size(); ++slot) {
    const item& answer = x.items[slot];
    if (!is_hit(answer)) continue;
    const reference value = reference::owning(make(x.keys[slot], answer));
    if (value) {
      if (PyDict_SetItem(hits.get(), x.objects()[slot], value.get()) != 0) return nullptr;
    } else if (PyErr_Occurred() != nullptr) {
      return nullptr;
    }
  }
  return hits.release();
}

struct get_multi : verb_of_many_keys<verb::get> {
  static bool read(multi_exchange& x, const call_arguments& given) {
    static constinit signature takes("get_multi", 1, {"keys", "key_prefix"});
    arguments a;
    return given.read(takes, a) && x.take_keys(a[0]) && x.read_keys(a[1]);
  }

  static PyObject* result(multi_exchange& x) {
    return hits_of(x, [&](const key_text& key, const item& hit) { return decode(x, key, hit, x.values()); });
  }
};

// A Client's are the decoded values, as cmemcache's have always been.
template <bool WithFlags>
struct get_multiflags : verb_of_many_keys<verb::get> {
  static bool read(multi_exchange& x, const call_arguments& given) {
    static constinit signature takes("get_multiflags", 1, {"keys", "key_prefix"});
    arguments a;
    return given.read(takes, a) && x.take_keys(a[0]) && x.read_keys(a[1]);
  }

  static PyObject* result(multi_exchange& x) {
    if constexpr (WithFlags)
      return hits_of(x, [&](const key_text&, const item& hit) { return bytes_and_flags(x.values(), hit); });
    else
      return get_multi::result(x);
  }
};

PyObject* keys_not_stored(const multi_exchange& x) {
  reference list = reference::owning(PyList_New(0));
  if (!list) return nullptr;
  for (std::size_t slot = 0; slot < x.items.size(); ++slot)
    if (x.items[slot].status != status::stored && PyList_Append(list.get(), x.objects()[slot]) != 0) return nullptr;
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
struct set_multi : verb_of_many_keys<verb::set> {
  static bool read(multi_exchange& x, const call_arguments& given) {
    static constinit signature takes = set_multi_signature<WithFlags>();
    arguments a;
    std::uint64_t flags = 0;
    Py_ssize_t min_compress_len = 0;
    constexpr int rest = WithFlags ? 4 : 3;
    if (!given.read(takes, a) || !x.take_pairs(a[0]) || !read_time(a[1], x.what.exptime) ||
        (WithFlags && !read_unsigned(a[3], "flags", UINT32_MAX, flags)) ||
        !read_length(a[rest], "min_compress_len", min_compress_len) || !read_flag(a[rest + 1], x.what.noreply) ||
        !x.read_keys(a[2]))
      return false;
    x.texts = std::vector<value_text>(x.elements.size());
    std::size_t longest = 0;
    for (protocol::element& e : x.elements) {
      value_text& text = x.texts[e.slot];
      if (!encode(x, x.objects()[e.slot], x.stored()[e.slot], min_compress_len, text)) return false;
      e.value = text.bytes;
      e.flags = WithFlags ? static_cast<std::uint32_t>(flags) : text.flags;
      longest = std::max(longest, text.bytes.size());
    }
    x.checked = longest <= x.client.engine().options().max_value_length;  // the keys have been
    return true;
  }

  static PyObject* result(multi_exchange& x) { return keys_not_stored(x); }
};

struct delete_multi : verb_of_many_keys<verb::delete_> {
  static bool read(multi_exchange& x, const call_arguments& given) {
    static constinit signature takes("delete_multi", 1, {"keys", "key_prefix", "noreply"});
    arguments a;
    return given.read(takes, a) && x.take_keys(a[0]) && read_flag(a[2], x.what.noreply) && x.read_keys(a[1]);
  }

  static PyObject* result(multi_exchange& x) {
    return PyLong_FromLong(std::ranges::none_of(x.items, [](const item& i) { return i.status == status::unanswered; }));
  }
};

template <typename Driver, bool WithFlags>
PyMethodDef* list_of() {
  static PyMethodDef list[] = {
      method<Driver, get_multi>("get_multi", docs::get_multi),
      method<Driver, get_multiflags<WithFlags>>("get_multiflags",
                                                WithFlags ? docs::string_get_multiflags : docs::get_multiflags),
      method<Driver, set_multi<WithFlags>>("set_multi", WithFlags ? docs::string_set_multi : docs::set_multi),
      method<Driver, delete_multi>("delete_multi", docs::delete_multi),
      {},
  };
  return list;
}

}  // namespace

template <typename Driver>
PyMethodDef* multi_verbs(bool with_flags) {
  return with_flags ? list_of<Driver, true>() : list_of<Driver, false>();
}

template PyMethodDef* multi_verbs<blocking>(bool with_flags);
template PyMethodDef* multi_verbs<as_future>(bool with_flags);
template PyMethodDef* multi_verbs<as_awaitable>(bool with_flags);

}  // namespace cmemcache::python
