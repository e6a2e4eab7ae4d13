#include <algorithm>

#include "blocking.hpp"
#include "docstrings.hpp"
#include "verbs.hpp"

namespace cmemcache::python {

namespace {

using arguments = signature::arguments;

enum class result { values, values_and_flags };

PyObject* bytes_and_flags(answers& from, const item& hit) {
  const reference bytes = from.bytes(hit.value);
  const reference flags = reference::owning(PyLong_FromUnsignedLong(hit.flags));
  return bytes && flags ? PyTuple_Pack(2, bytes.get(), flags.get()) : nullptr;
}

PyObject* get_many(PyObject* self, bound_client& client, PyObject* keys, PyObject* prefix, result wanted) {
  blocking_run run;
  multi_exchange x(self, client, verb::get);
  if (!x.take_keys(keys) || !x.read_keys(prefix) || !run(x)) return nullptr;
  reference hits = reference::owning(PyDict_New());
  if (!hits) return nullptr;
  for (std::size_t slot = 0; slot < x.items.size(); ++slot) {
    const item& answer = x.items[slot];
    if (answer.status != status::hit) continue;
    PyObject* const key = x.objects()[slot];
    const reference value = reference::owning(wanted == result::values ? decode(x, key, answer, x.values())
                                                                       : bytes_and_flags(x.values(), answer));
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
PyObject* set_multi(PyObject* self, bound_client& client, const call_arguments& given) {
  static constinit signature takes = set_multi_signature<WithFlags>();
  arguments a;
  blocking_run run;
  multi_exchange x(self, client, verb::set);
  constexpr int rest = WithFlags ? 4 : 3;
  std::uint64_t flags = 0;
  Py_ssize_t min_compress_len = 0;
  if (!given.read(takes, a) || !x.take_pairs(a[0]) || !read_time(a[1], x.what.exptime) ||
      (WithFlags && !read_unsigned(a[3], "flags", UINT32_MAX, flags)) ||
      !read_length(a[rest], "min_compress_len", min_compress_len) || !read_flag(a[rest + 1], x.what.noreply) ||
      !x.read_keys(a[2]))
    return nullptr;
  x.texts = std::vector<value_text>(x.elements.size());
  for (protocol::element& e : x.elements) {
    value_text& text = x.texts[e.slot];
    if (!encode(x, x.objects()[e.slot], x.stored()[e.slot], min_compress_len, text)) return nullptr;
    e.value = text.bytes;
    e.flags = WithFlags ? static_cast<std::uint32_t>(flags) : text.flags;
  }
  return run(x) ? keys_not_stored(x) : nullptr;
}

PyObject* delete_multi(PyObject* self, bound_client& client, const call_arguments& given) {
  static constinit signature takes("delete_multi", 1, {"keys", "key_prefix", "noreply"});
  arguments a;
  blocking_run run;
  multi_exchange x(self, client, verb::delete_);
  if (!given.read(takes, a) || !x.take_keys(a[0]) || !read_flag(a[2], x.what.noreply) || !x.read_keys(a[1]) || !run(x))
    return nullptr;
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
