#include "session/reply_matcher.hpp"

#include "protocol/digits.hpp"

namespace cmemcache::session {

namespace {

// From here on order says nothing. Built once per request: a scan per value would be quadratic.
void index_by_key(pending_request& r) {
  auto index = std::make_unique<std::unordered_multimap<std::string_view, std::size_t>>(r.elements.size());
  for (std::size_t i = 0; i < r.elements.size(); ++i)
    if (!r.elements[i].answered) index->emplace(r.elements[i].key, i);
  r.by_key = std::move(index);
}

std::size_t take_indexed(pending_request& r, std::string_view key) {
  const auto found = r.by_key->find(key);
  if (found == r.by_key->end()) return no_element;
  const std::size_t index = found->second;
  r.by_key->erase(found);
  return index;
}

}  // namespace

std::size_t match_key(pending_request& r, std::string_view wire_key) {
  std::string_view key = wire_key;
  if (!protocol::take(key, r.command.prefix)) return no_element;
  if (r.by_key != nullptr) return take_indexed(r, key);
  for (std::size_t i = r.cursor; i < r.elements.size(); ++i)
    if (r.elements[i].key == key) {
      r.cursor = i + 1;
      return i;
    }
  if (r.elements.size() <= 1) return no_element;
  index_by_key(r);
  return take_indexed(r, key);
}

std::size_t match_opaque(const pending_request& r, std::uint32_t opaque) noexcept {
  const std::uint32_t index = opaque - r.first_opaque;  // modulo 2**32, as the opaques are counted
  return index < r.elements.size() && !r.elements[index].answered ? index : no_element;
}

}  // namespace cmemcache::session
