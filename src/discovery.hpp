#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cmemcache/options.hpp>
#include <cmemcache/server.hpp>
#include <cmemcache/statistics.hpp>

#include "cluster_lookup.hpp"
#include "net/deadline.hpp"
#include "net/fork_guard.hpp"

namespace cmemcache {

/// Keeps a list of servers to what a cluster's configuration endpoints say, while its client is in use: whoever begins a call
/// has it look, which begins a lookup when one is due, or takes what the last one has found. Nobody waits for it, but where
/// no list is known yet. A lookup that gives none leaves the list as it is; so does one whose version is below that in
/// use (an endpoint that lags behind), unless the next one says the same (a cluster that was made anew). Belongs to a roster.
/// Thread safety: all members.
class discovery {
 public:
  /// `options` must outlive it. `tls`: what they say of it.
  discovery(std::vector<server> endpoints, const client_options& options, std::shared_ptr<const net::tls_context> tls);
  ~discovery() { stop(); }

  /// Cheap.
  bool is_due(net::time_point now) const noexcept { return now.time_since_epoch().count() >= next_.load(std::memory_order_relaxed); }

  struct news {
    std::optional<std::vector<server>> list;
    std::string trouble;   ///< why there is no new one; empty also when nothing was to be learned
  };

  /// It is `now`. What is new: a list the caller puts in place, and then says so.
  news look(net::time_point now);
  void installed(bool good);

  /// The lookup that those who begin a call have to wait for; null if a list is known, or none can be had now.
  std::shared_ptr<cluster_lookup> awaited();

  discovery_status status() const;

  /// Nobody waits any more.
  void stop() noexcept;

 private:
  std::optional<std::vector<server>> advance(net::time_point now);
  std::optional<std::vector<server>> take(net::time_point now);
  std::optional<std::vector<server>> judge(const cluster_lookup::answer& found);
  void failed(std::string why);
  void leave_what_is_inherited();
  void next_look(net::time_point now, net::milliseconds after) noexcept;

  const std::vector<server> endpoints_;
  const client_options& options_;
  const std::shared_ptr<const net::tls_context> tls_;
  std::atomic<net::time_point::rep> next_{net::time_point::min().time_since_epoch().count()};
  mutable net::fork_guarded_mutex mutex_;  // guards what follows
  std::shared_ptr<cluster_lookup> running_;
  bool is_known_ = false;                  // a list is in place
  bool is_taken_ = false;                  // what running_ has found is being put there
  std::vector<server> latest_;
  std::optional<std::uint64_t> lower_;     // a version below that in use, which the last lookup gave
  discovery_status status_;
};

/// The servers of `config`, each to be connected to at its address and placed by its host's name and port, as if it had
/// been given by these; with TLS at its host's name, which its certificate is for. Throws cmemcache::error for one that is none.
std::vector<server> servers_of(const protocol::cluster_config& config, distribution kind, bool with_tls = false);

}  // namespace cmemcache
