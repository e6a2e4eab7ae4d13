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

std::string whole_key(const exchange& by, const key_text& key) { return std::string(by.what.prefix).append(key.bytes); }

reference chunk_keys(const std::string& key, std::size_t count) {
  reference keys = reference::owning(PyList_New(static_cast<Py_ssize_t>(count)));
  const std::string stem = "~" + std::to_string(key.size()) + key + "/";
  for (std::size_t i = 0; keys && i < count; ++i) {
    const std::string text = stem + std::to_string(i);
    PyObject* const one = PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
    if (one == nullptr) return {};
    PyList_SET_ITEM(keys.get(), static_cast<Py_ssize_t>(i), one);
  }
  return keys;
}

// One more call of the client that `by` is a call of. Not on the stack, where the first one is.
template <typename Exchange>
struct further_call {
  further_call(const exchange& by, verb op) : x(by.self, by.client, op) { x.raises = by.raises; }

  bool run() { return run_(x); }

 private:
  blocking_run run_;  // the exchange's values may lie in it

 public:
  Exchange x;
};

// Keys as they are on the wire: no prefix, and nothing of the user's has a say.
bool read_whole_keys(multi_exchange& x, const std::string& key, std::size_t count) {
  const reference keys = chunk_keys(key, count);
  if (!keys || !x.take_keys(keys.get())) return false;
  x.what.prefix = {};
  for (std::size_t slot = 0; slot < x.keys.size(); ++slot) {
    PyObject* const one = x.objects()[slot];
    x.keys[slot].object = one;
    x.keys[slot].bytes = {PyBytes_AS_STRING(one), static_cast<std::size_t>(PyBytes_GET_SIZE(one))};
    x.elements[slot].key = x.keys[slot].bytes;
    x.elements[slot].slot = static_cast<std::uint32_t>(slot);
  }
  return true;
}

bool are_all(std::span<const item> items, status wanted) noexcept {
  return std::ranges::all_of(items, [wanted](const item& i) { return i.status == wanted; });
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
  const std::string whole = whole_key(by, key);
  const std::size_t count = chunk_count(head.value);
  if (count == 0 || whole.size() > longest_key)
    return {.whole = {}, .complaint = "it does not say how many chunks it lies in, as libmc would"};
  const auto call = std::make_unique<further_call<multi_exchange>>(by, verb::get);
  multi_exchange& x = call->x;
  if (!read_whole_keys(x, whole, count) || !call->run() || !are_all(x.items, status::hit)) return {};
  if (!belong_together(x.items, flags)) return {.whole = {}, .complaint = "its chunks do not belong together"};
  return {.whole = join(x.items)};
}

bool is_to_be_cut(const exchange& by, const key_text& key, const protocol::element& e) noexcept {
  return by.what.op == verb::set && rules_of(by.client.values).chunked != 0 && e.value.size() > chunk_size &&
         e.value.size() <= most_chunks * chunk_size && by.what.prefix.size() + key.bytes.size() <= longest_key;
}

// What is under the key goes first: it may say that it lies in just these chunks, and whoever reads it while they
// are overwritten, or after that has failed half way, would get some of both.
bool store_chunks(const exchange& by, const key_text& key, value_text& text, protocol::element& e, bool& stored) {
  stored = false;
  const auto deletion = std::make_unique<further_call<single_exchange>>(by, verb::delete_);
  deletion->x.what.prefix = by.what.prefix;
  deletion->x.key.object = key.object;
  deletion->x.key.stand_in = key.stand_in;
  deletion->x.asked.key = deletion->x.key.bytes = key.bytes;
  if (!deletion->run()) return false;
  if (deletion->x.answer.status == status::unanswered) return true;

  const std::size_t count = (e.value.size() + chunk_size - 1) / chunk_size;
  const auto call = std::make_unique<further_call<multi_exchange>>(by, verb::set);
  multi_exchange& x = call->x;
  if (!read_whole_keys(x, whole_key(by, key), count)) return false;
  x.what.exptime = by.what.exptime;
  for (protocol::element& chunk : x.elements) {
    chunk.value = e.value.substr(chunk.slot * chunk_size, chunk_size);
    chunk.flags = e.flags;
  }
  if (!call->run()) return false;
  stored = are_all(x.items, status::stored);
  const auto end = std::to_chars(text.digits, text.digits + sizeof text.digits, count).ptr;
  e.value = {text.digits, static_cast<std::size_t>(end - text.digits)};
  e.flags |= rules_of(by.client.values).chunked;
  return true;
}

}  // namespace cmemcache::python
