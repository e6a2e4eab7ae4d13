#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cmemcache/options.hpp>
#include <cmemcache/server.hpp>
#include <cmemcache/statistics.hpp>

#include "net/fork_guard.hpp"
#include "net/tls_context.hpp"
#include "protocol/command.hpp"
#include "protocol/key.hpp"
#include "server_pool.hpp"
#include "session/pending_request.hpp"

namespace cmemcache {

/// What the engines of one client share, however they do their calls: the options, and the servers, which are replaced as
/// a whole. Thread safety: all members.
class roster {
 public:
  /// Throws cmemcache::error (errc::bad_argument, or a key's) for an option out of its range, and for what TLS cannot be used with.
  roster(std::vector<server> servers, client_options options);
  roster(const roster&) = delete;
  roster& operator=(const roster&) = delete;

  const client_options& options() const noexcept { return options_; }

  /// The servers as they are now.
  std::shared_ptr<server_pool> pool() const;

  /// How often they were replaced: whoever keeps a pool sees by it that there is another.
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

  /// Checks one element of `what` before anything is sent: its key (with the prefix of `what`), and its value's length.
  error_code check(const protocol::command& what, const protocol::element& e) const noexcept;

  /// Whether check() has nothing to say.
  bool takes(const protocol::command& what, const protocol::element& e) const noexcept {
    return protocol::is_good_key(e.key, what.prefix.size()) &&
           (!is_storage(what.op) || e.value.size() <= options_.max_value_length);
  }

  /// The same for a command about servers: its argument.
  error_code check(const protocol::command& what) const noexcept;

  /// Refuses the bad ones of `elements`; those that are left close up.
  std::span<protocol::element> take_out_refused(const protocol::command& what, std::span<protocol::element> elements,
                                                session::reply_sink& answers) const;

  std::optional<std::string> server_for(std::string_view key, std::string_view call_prefix = {}) const;
  std::optional<std::string> server_for_hash(std::uint64_t hash) const;

  void set_servers(std::vector<server> servers);
  std::vector<server> servers() const;
  void forget_dead_hosts();
  std::vector<server_counters> counters() const;

 private:
  const client_options options_;
  const std::shared_ptr<const net::tls_context> tls_;  // none: plain text
  mutable net::fork_guarded_mutex mutex_;  // guards pool_, the pointer
  std::atomic<std::uint64_t> version_{0};
  std::shared_ptr<server_pool> pool_;      // immutable once made; replaced by set_servers
};

}  // namespace cmemcache
