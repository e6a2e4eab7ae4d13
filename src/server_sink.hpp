#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <cmemcache/reply.hpp>
#include <cmemcache/statistics.hpp>

#include "server_pool.hpp"
#include "session/pending_request.hpp"

namespace cmemcache {

/// The answers of one server to a command about it. Belongs to the call.
class server_sink final : public session::reply_sink {
 public:
  server_stats answer;

  char* place(std::uint32_t, std::size_t) noexcept override { return nullptr; }
  void refused(std::uint32_t, error_code, std::string_view) noexcept override {}
  void filed(std::uint32_t, const item& got) noexcept override;
  void stat(std::string_view name, std::string_view value) override { answer.values.emplace_back(name, value); }
};

/// The answers of all servers but those that failed, in the servers' order. `sinks`: one per server, which is emptied.
std::vector<server_stats> answers_of(const server_pool& servers, std::span<server_sink> sinks,
                                     std::span<const failure> failures);

}  // namespace cmemcache
