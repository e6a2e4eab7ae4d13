#include "chunks.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>

#include "blocking.hpp"

namespace cmemcache::python {

namespace {

constexpr std::size_t chunk_size = 1'000'000;
constexpr std::size_t most_chunks = 10;
constexpr std::size_t longest_key = 200;

// 0: no number that libmc writes. One chunk would be no reason to cut a value.
std::size_t chunk_count(std::string_view digits) noexcept {
  std::size_t count = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, bad] = std::from_chars(digits.data(), end, count);
  return bad == std::errc() && stop == end && count >= 2 && count <= most_chunks ? count : 0;
}

reference chunk_keys(std::string_view key, std::size_t count) {
  reference keys = reference::owning(PyList_New(static_cast<Py_ssize_t>(count)));
  const std::string stem = "~" + std::to_string(key.size()) + std::string(key) + "/";
  for (std::size_t i = 0; keys && i < count; ++i) {
    const std::string text = stem + std::to_string(i);
    PyObject* const one = PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
    if (one == nullptr) return {};
    PyList_SET_ITEM(keys.get(), static_cast<Py_ssize_t>(i), one);
  }
  return keys;
}

// Keys as they are on the wire: no prefix, and nothing of the user's has a say.
bool read_whole_keys(multi_exchange& x, PyObject* keys) {
  if (!x.take_keys(keys)) return false;
  x.what.prefix = {};
  for (std::size_t slot = 0; slot < x.keys.size(); ++slot) {
    PyObject* const key = x.objects()[slot];
    x.keys[slot].object = key;
    x.keys[slot].bytes = {PyBytes_AS_STRING(key), static_cast<std::size_t>(PyBytes_GET_SIZE(key))};
    x.elements[slot].key = x.keys[slot].bytes;
    x.elements[slot].slot = static_cast<std::uint32_t>(slot);
  }
  x.checked = true;
  return true;
}

// Another value may have been stored meanwhile: of that the chunks may be shorter, fewer, or of another kind.
bool belong_together(std::span<const item> chunks, std::uint32_t flags) noexcept {
  const auto is_whole = [](const item& i) { return i.value.size() == chunk_size; };
  const std::size_t last = chunks.back().value.size();
  return std::ranges::all_of(chunks, [&](const item& i) { return i.flags == flags; }) &&
         std::ranges::all_of(chunks.first(chunks.size() - 1), is_whole) && last != 0 && last <= chunk_size;
}

reference join(std::span<const item> chunks) {
  const std::size_t size = (chunks.size() - 1) * chunk_size + chunks.back().value.size();
  reference joined = reference::owning(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
  if (!joined) return joined;
  char* at = PyBytes_AS_STRING(joined.get());
  for (const item& chunk : chunks) {
    std::memcpy(at, chunk.value.data(), chunk.value.size());
    at += chunk.value.size();
  }
  return joined;
}

}  // namespace

chunks fetch_chunks(const exchange& by, const key_text& key, const item& head, std::uint32_t flags) {
  const std::string whole_key = std::string(by.what.prefix).append(key.bytes);
  const std::size_t count = chunk_count(head.value);
  if (count == 0 || whole_key.size() > longest_key)
    return {.whole = {}, .complaint = "it does not say how many chunks it lies in, as libmc would"};
  const reference keys = chunk_keys(whole_key, count);
  if (!keys) return {};
  // Not on the stack, where the first call's is.
  const auto run = std::make_unique<blocking_run>();
  multi_exchange x(by.self, by.client, verb::get);
  if (!read_whole_keys(x, keys.get()) || !(*run)(x)) return {};
  if (!std::ranges::all_of(x.items, [](const item& i) { return i.status == status::hit; })) return {};
  if (!belong_together(x.items, flags)) return {.whole = {}, .complaint = "its chunks do not belong together"};
  return {.whole = join(x.items)};
}

}  // namespace cmemcache::python
