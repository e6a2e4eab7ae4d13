#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <cmemcache/options.hpp>
#include <cmemcache/request.hpp>

#include "protocol/command.hpp"

/// Public requests as the engines take them: a command, and an element per key whose slot is its place.
namespace cmemcache {

inline protocol::command command_of(const request& what, const client_options& options) noexcept {
  return {.op = what.op, .noreply = what.noreply, .exptime = what.exptime, .prefix = options.key_prefix};
}

inline protocol::element element_of(const request& what, std::size_t slot) noexcept {
  return {.key = what.key,
          .value = what.value,
          .flags = what.flags,
          .slot = static_cast<std::uint32_t>(slot),
          .number = what.number};
}

inline std::vector<protocol::element> elements_of(std::span<const std::string_view> keys) {
  std::vector<protocol::element> out;
  out.reserve(keys.size());
  for (const std::string_view key : keys) out.push_back(element_of({.key = key}, out.size()));
  return out;
}

inline std::vector<protocol::element> elements_of(std::span<const request> requests) {
  std::vector<protocol::element> out;
  out.reserve(requests.size());
  for (const request& r : requests) out.push_back(element_of(r, out.size()));
  return out;
}

inline std::vector<protocol::element> elements_of(std::span<const std::pair<std::string_view, std::string_view>> pairs,
                                                  std::uint32_t flags) {
  std::vector<protocol::element> out;
  out.reserve(pairs.size());
  for (const auto& [key, value] : pairs)
    out.push_back(element_of({.key = key, .value = value, .flags = flags}, out.size()));
  return out;
}

}  // namespace cmemcache
