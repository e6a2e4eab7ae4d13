#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <cmemcache/error.hpp>
#include <cmemcache/options.hpp>
#include <cmemcache/reply.hpp>
#include <cmemcache/request.hpp>
#include <cmemcache/server.hpp>
#include <cmemcache/statistics.hpp>

namespace cmemcache::test {

/// One way to make every call: blocking, or asynchronous with one of Asio's tokens. Each call is made and waited for,
/// and what came of it is returned, whichever way it came. What tests say about the verbs they say once, over every
/// style.
class calling_style {
 public:
  template <class... Results>
  using result = std::tuple<error_code, Results...>;
  using pairs = std::span<const std::pair<std::string_view, std::string_view>>;

  virtual ~calling_style() = default;

  /// When the last call was over, where it returns later than that: an io_context is run until it has nothing to do.
  std::chrono::steady_clock::time_point over{};

  /// By the function of the verb's name, where it has one that can say `what`; else by execute.
  virtual result<reply> one(const request& what) = 0;

  virtual result<multi_reply> get_multi(std::span<const std::string_view> keys) = 0;
  virtual result<multi_reply> set_multi(pairs what, std::int64_t exptime, std::uint32_t flags) = 0;
  virtual result<multi_reply> delete_multi(std::span<const std::string_view> keys) = 0;
  virtual result<multi_reply> execute_multi(std::span<const request> what) = 0;

  virtual result<> flush_all(std::uint64_t delay) = 0;
  virtual result<std::vector<server_stats>> version() = 0;
  virtual result<std::vector<server_stats>> stats(std::string_view sort) = 0;
};

struct style {
  std::string name;
  std::unique_ptr<calling_style> (*make)(std::vector<server> servers, const client_options& options);
  bool throws = false;   ///< trouble is thrown, and there is no result beside it
};

template <class Style>
std::unique_ptr<calling_style> make_style(std::vector<server> servers, const client_options& options) {
  return std::make_unique<Style>(std::move(servers), options);
}

std::vector<style> blocking_styles();
std::vector<style> async_styles();
std::vector<style> every_style();

}  // namespace cmemcache::test
