#pragma once

#include <cstddef>
#include <span>

#include "protocol/command.hpp"

namespace cmemcache {

/// How many of `elements` make one request: at least one, where there are any. A line or a batch is long enough to cost
/// little and short enough to overlap with its answers.
std::size_t request_size(const protocol::command& what, std::span<const protocol::element> elements) noexcept;

/// Bytes that an element adds to its request, large values aside, which are not copied into it.
std::size_t request_bytes(const protocol::command& what, const protocol::element& e) noexcept;

}  // namespace cmemcache
