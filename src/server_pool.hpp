#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cmemcache/options.hpp>
#include <cmemcache/server.hpp>
#include <cmemcache/statistics.hpp>

#include "net/channel.hpp"
#include "net/direct_pool.hpp"
#include "net/name_watch.hpp"
#include "net/tls_context.hpp"
#include "routing/placement.hpp"
#include "session/failure_policy.hpp"
#include "session/server_knowledge.hpp"

namespace cmemcache {

/// What the options say of every connection to the server that `known` and `tls` (null: plain text) are about.
net::channel::settings channel_settings(const client_options& options, session::server_knowledge& known, net::tls_peer* tls);

/// One server as a client knows it: where it is, how it fares, its connections and its figures.
/// Shared by the pools that list it; every part is thread-safe.
struct server_link {
  /// `seed`: of the chances that its failure_policy takes.
  server_link(const server& s, const client_options& options, std::unique_ptr<net::tls_peer> secured, unsigned seed);

  server_counters counters() const;

  /// Tells the client's logger, in words that `text` gives: a function, so that they are made only when they are wanted.
  template <class Text>
  void tell(log_level level, Text&& text) const noexcept {
    if (!log.wants(level)) return;
    try {
      log.write(level, where.text + ": " + text());
    } catch (...) {
      // The calls go on all the same.
    }
  }

  void tell_connected(const net::channel& by) const noexcept {
    tell(log_level::debug, [&] { return by.security().empty() ? std::string("connected") : "connected (" + by.security() + ")"; });
  }
  void tell_lost(const error_code& why) const noexcept {
    tell(log_level::debug, [&] { return "connection lost: " + why.message(); });
  }

  /// Trouble that may mark it dead; see failure_policy. Whether it is dead now.
  bool failed(session::failure_policy::trouble what, const error_code& ec, net::time_point now);

  /// It answered.
  void answered() noexcept {
    if (policy.answered()) tell(log_level::info, [] { return std::string("is back"); });
  }

  const server where;
  const logger log;
  session::failure_policy policy;
  session::server_knowledge known;
  net::name_watch names;
  const std::unique_ptr<net::tls_peer> tls;  // none: plain text
  net::direct_pool connections;

  std::atomic<std::uint64_t> hits{0}, misses{0}, stores{0}, timeouts{0}, bytes_in{0}, bytes_out{0}, marked_dead{0};

  // Of the asynchronous connections, which whoever drives them counts.
  std::atomic<std::uint64_t> pipelines_open{0}, pipelines_opened{0}, in_flight{0}, orphaned_replies{0};
};

inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t n) noexcept {
  if (n != 0) counter.fetch_add(n, std::memory_order_relaxed);
}

/// A list of servers and the placement of keys on them. Immutable once made; replaced as a whole.
class server_pool {
 public:
  /// Servers that `before` has, too, keep their connections, figures and marks. `why_empty`: for people, where there are none.
  /// `tls`: what the options say of it. Throws cmemcache::error (errc::bad_argument) for a server that has no name for it to check.
  server_pool(std::span<const server> servers, const client_options& options, const server_pool* before,
              const std::shared_ptr<const net::tls_context>& tls, std::string why_empty = "none is configured");

  std::size_t size() const noexcept { return links_.size(); }
  server_link& operator[](std::size_t i) const noexcept { return *links_[i]; }
  const std::shared_ptr<server_link>& share(std::size_t i) const noexcept { return links_[i]; }
  const routing::placement& placement() const noexcept { return placement_; }
  const std::string& why_empty() const noexcept { return why_empty_; }

  /// The servers' indexes in the order in which connections must be borrowed from them: the same for every list that
  /// has them, so that callers who hold one and wait for the next never wait in a circle.
  std::span<const std::size_t> borrowing_order() const noexcept { return order_; }

 private:
  std::vector<std::shared_ptr<server_link>> links_;
  std::vector<std::size_t> order_;
  routing::placement placement_;
  std::string why_empty_;
};

}  // namespace cmemcache
