#include "wire_request.hpp"

#include <algorithm>
#include <new>

namespace cmemcache {

char* wire_request::place(std::uint32_t slot, std::size_t size) noexcept {
  part& p = carried_at(slot);
  if (!p.of->orphan) return p.sink->place(merged.empty() ? slot : p.elements.front().slot, size);
  try {
    swallowed.push_back(std::make_unique_for_overwrite<char[]>(std::max<std::size_t>(size, 1)));
    return swallowed.back().get();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void wire_request::filed(std::uint32_t slot, const item& answer) noexcept {
  part& p = carried_at(slot);
  if (p.of->orphan) swallowed.clear();
  else p.sink->filed(merged.empty() ? slot : p.elements.front().slot, answer);
}

void wire_request::refused(std::uint32_t slot, error_code why, std::string_view words) noexcept {
  part& p = carried_at(slot);
  if (!p.of->orphan) p.sink->refused(merged.empty() ? slot : p.elements.front().slot, why, words);
}

void wire_request::stat(std::string_view name, std::string_view value) {
  part& p = *carried.front();
  told = true;
  if (!p.of->orphan) p.sink->stat(name, value);
}

}  // namespace cmemcache
