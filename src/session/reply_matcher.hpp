#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "session/pending_request.hpp"

/// Which element of a request a reply speaks of. The assertion that keeps one key's value from another.
namespace cmemcache::session {

inline constexpr std::size_t no_element = static_cast<std::size_t>(-1);

/// The element that a VALUE of `wire_key` (prefix included) answers: the next one in order under that key, misses
/// between passed over; or, from a proxy that answers out of order, any unanswered one. no_element if none was asked.
std::size_t match_key(pending_request& r, std::string_view wire_key);

/// The element that an opaque names, unless it was answered before. no_element if there is none.
std::size_t match_opaque(const pending_request& r, std::uint32_t opaque) noexcept;

}  // namespace cmemcache::session
