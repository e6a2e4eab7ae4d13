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

#include "discovery.hpp"
#include "net/deadline.hpp"
#include "net/fork_guard.hpp"
#include "net/interruption.hpp"
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

  /// The same for a call that begins at `now`. Where the servers are discovered this is what keeps the list up to date; and
  /// while none is known yet the call waits for it, until `deadline` or `stop` ends it with an error.
  std::shared_ptr<server_pool> pool(net::time_point now, net::time_point deadline, const net::interruption& stop, error_code& ec);

  bool discovers() const noexcept { return discovery_ != nullptr; }

  /// Where they are discovered: it is `now`, and a call begins. Cheap when nothing is to be done.
  void look(net::time_point now) noexcept {
    if (discovery_ != nullptr && discovery_->is_due(now)) look_after_list(now);
  }

  /// The lookup that a call has to wait for, if any: see discovery. Then look() again.
  std::shared_ptr<cluster_lookup> awaited_list() { return discovery_ == nullptr ? nullptr : discovery_->awaited(); }

  /// All zeros where they are not discovered.
  discovery_status discovered() const { return discovery_ == nullptr ? discovery_status() : discovery_->status(); }

  /// No call begins any more.
  void close() noexcept {
    if (discovery_ != nullptr) discovery_->stop();
  }

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
  void look_after_list(net::time_point now) noexcept;
  void tell(log_level level, const std::string& what) const;
  void put_in_place(std::shared_ptr<server_pool> next);

  const client_options options_;
  const std::shared_ptr<const net::tls_context> tls_;  // none: plain text
  const std::unique_ptr<discovery> discovery_;
  mutable net::fork_guarded_mutex mutex_;  // guards pool_, the pointer
  std::atomic<std::uint64_t> version_{0};
  std::shared_ptr<server_pool> pool_;      // immutable once made; replaced by set_servers
};

}  // namespace cmemcache
