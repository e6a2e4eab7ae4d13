#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "operation.hpp"
#include "session/pending_request.hpp"

namespace cmemcache {

class pipeline;

/// A request on the wire: one part's elements, or the single keys of several, merged. Belongs to a pipeline. What nobody
/// waits for any more it swallows.
struct wire_request final : session::pending_request, session::reply_sink {
  char* place(std::uint32_t slot, std::size_t size) noexcept override;
  void filed(std::uint32_t slot, const item& answer) noexcept override;
  void refused(std::uint32_t slot, error_code why, std::string_view words) noexcept override;
  void stat(std::string_view name, std::string_view value) override;

  part& carried_at(std::uint32_t slot) const noexcept { return *carried[merged.empty() ? 0 : slot]; }

  pipeline* in = nullptr;
  boost::container::small_vector<part*, 1> carried;   // merged: by slot
  std::vector<protocol::element> merged;
  std::vector<std::unique_ptr<char[]>> swallowed;     // values that nobody waits for
  std::size_t bytes = 0;
  bool told = false;                                  // some statistics have come
  wire_request* after = nullptr;                      // among those that are done
  wire_request* previous_under_way = nullptr;
  wire_request* next_under_way = nullptr;
};

}  // namespace cmemcache
