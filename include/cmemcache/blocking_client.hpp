#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cmemcache/error.hpp>
#include <cmemcache/options.hpp>
#include <cmemcache/reply.hpp>
#include <cmemcache/request.hpp>
#include <cmemcache/server.hpp>
#include <cmemcache/statistics.hpp>

namespace cmemcache {

class blocking_engine;
namespace protocol {
struct command;
struct element;
}  // namespace protocol

/// A memcached client whose calls block: the calling thread does the I/O itself, in two system calls for a
/// single get, on a connection borrowed from a small idle list per server.
///
/// Each verb has two forms. With an `error_code&` trouble is reported there (success clears it) and the reply is
/// `unanswered`; without, it throws cmemcache::error, which says which server, what was being done and how long it
/// took. Misses and not-stored are replies in both. Misuse (a bad key) is found before a byte is sent.
///
/// Every call has one deadline, `client_options::timeout` from its start, over everything it does.
/// A connection on which anything went wrong is closed; the reply of one call never reaches another.
///
/// Thread safety: every member may be called from several threads at once, `set_servers` and `close` included.
/// Lifetimes: a call's views need to live only until it returns. In a forked child the client opens its own
/// connections and leaves its parent's alone.
///
///     cmemcache::blocking_client mc({"127.0.0.1:11211"});
///     mc.set("greeting", "hello", 60);
///     if (auto r = mc.get("greeting")) std::cout << r.value << '\n';
class blocking_client {
 public:
  /// Makes a client of `servers`. Connects to none of them yet.
  explicit blocking_client(std::vector<server> servers, client_options options = {});
  ~blocking_client();
  blocking_client(blocking_client&&) noexcept;
  blocking_client& operator=(blocking_client&&) noexcept;

  /// The value under `key`: status hit or miss.
  reply get(std::string_view key);
  reply get(std::string_view key, error_code& ec);

  /// The value and its cas unique: status hit or miss.
  reply gets(std::string_view key);
  reply gets(std::string_view key, error_code& ec);

  /// The value, whose expiry becomes `exptime` seconds: status hit or miss.
  reply gat(std::string_view key, std::int64_t exptime);
  reply gat(std::string_view key, std::int64_t exptime, error_code& ec);

  /// Stores, whatever is there: status stored. A value over `max_value_length` is errc::value_too_large, unsent.
  reply set(std::string_view key, std::string_view value, std::int64_t exptime = 0, std::uint32_t flags = 0);
  reply set(std::string_view key, std::string_view value, std::int64_t exptime, std::uint32_t flags, error_code& ec);

  /// Stores where nothing is: stored or not_stored.
  reply add(std::string_view key, std::string_view value, std::int64_t exptime = 0, std::uint32_t flags = 0);
  reply add(std::string_view key, std::string_view value, std::int64_t exptime, std::uint32_t flags, error_code& ec);

  /// Stores where something is: stored or not_stored.
  reply replace(std::string_view key, std::string_view value, std::int64_t exptime = 0, std::uint32_t flags = 0);
  reply replace(std::string_view key, std::string_view value, std::int64_t exptime, std::uint32_t flags,
                error_code& ec);

  /// Puts `value` behind what is there: stored or not_stored. Flags and expiry stay.
  reply append(std::string_view key, std::string_view value);
  reply append(std::string_view key, std::string_view value, error_code& ec);

  /// Puts `value` before what is there: stored or not_stored. Flags and expiry stay.
  reply prepend(std::string_view key, std::string_view value);
  reply prepend(std::string_view key, std::string_view value, error_code& ec);

  /// Stores where the cas unique still is `unique`: stored, exists or not_found.
  reply cas(std::string_view key, std::string_view value, std::uint64_t unique, std::int64_t exptime = 0,
            std::uint32_t flags = 0);
  reply cas(std::string_view key, std::string_view value, std::uint64_t unique, std::int64_t exptime,
            std::uint32_t flags, error_code& ec);

  /// Adds `delta`, wrapping at 2**64: number or not_found; errc::not_a_number where the value is none.
  reply incr(std::string_view key, std::uint64_t delta = 1);
  reply incr(std::string_view key, std::uint64_t delta, error_code& ec);

  /// Subtracts `delta`, stopping at 0: number or not_found; errc::not_a_number where the value is none.
  reply decr(std::string_view key, std::uint64_t delta = 1);
  reply decr(std::string_view key, std::uint64_t delta, error_code& ec);

  /// The expiry becomes `exptime` seconds: touched or not_found.
  reply touch(std::string_view key, std::int64_t exptime);
  reply touch(std::string_view key, std::int64_t exptime, error_code& ec);

  /// Removes: deleted or not_found.
  reply delete_(std::string_view key);
  reply delete_(std::string_view key, error_code& ec);

  /// Any request about one key. A `noreply` request returns as soon as it is written, with the status of success.
  reply execute(const request& what);
  reply execute(const request& what, error_code& ec);

  /// The values under many keys, each hit or miss. All servers are asked at once. With `ec`, trouble with some of
  /// the servers leaves their keys `unanswered`, is listed in failures(), and the first of it is in `ec`;
  /// the throwing form throws the first of it.
  multi_reply get_multi(std::span<const std::string_view> keys);
  multi_reply get_multi(std::span<const std::string_view> keys, error_code& ec);

  /// Removes many keys, each deleted or not_found. Failures as in get_multi.
  multi_reply delete_multi(std::span<const std::string_view> keys);
  multi_reply delete_multi(std::span<const std::string_view> keys, error_code& ec);

  /// Many requests of one verb (its options are those of the first): storage verbs, get family, touch, delete_.
  /// One item per request. Failures as in get_multi; a request that is refused before sending (value too large)
  /// is `unanswered`.
  multi_reply execute_multi(std::span<const request> what);
  multi_reply execute_multi(std::span<const request> what, error_code& ec);

  /// Stores many pairs: every one `stored`, or it says what became of it. Failures as in get_multi.
  multi_reply set_multi(std::span<const std::pair<std::string_view, std::string_view>> pairs,
                        std::int64_t exptime = 0, std::uint32_t flags = 0);
  multi_reply set_multi(std::span<const std::pair<std::string_view, std::string_view>> pairs, std::int64_t exptime,
                        std::uint32_t flags, error_code& ec);

  /// Everything on every server expires, after `delay` seconds.
  void flush_all(std::uint64_t delay = 0);
  void flush_all(std::uint64_t delay, error_code& ec);

  /// Every server's version text, in the servers' order.
  std::vector<server_stats> version();
  std::vector<server_stats> version(error_code& ec);

  /// Every server's statistics; `sort` is "", "items", "slabs", "settings", ... A server in trouble is left out
  /// (error_code form).
  std::vector<server_stats> stats(std::string_view sort = {});
  std::vector<server_stats> stats(std::string_view sort, error_code& ec);

  /// The server that `key` goes to when all are well, as it was given; nullopt without servers.
  std::optional<std::string> server_for(std::string_view key) const;

  /// Replaces the servers. Calls under way finish with the old ones.
  void set_servers(std::vector<server> servers);
  std::vector<server> servers() const;

  /// Closes the idle connections; the next call opens new ones.
  void disconnect_all();

  /// Servers marked dead are tried again at once.
  void forget_dead_hosts();

  std::vector<server_counters> counters() const;

  /// What is known of the cluster, with options.discovery_interval.
  discovery_status discovery() const;

  /// Closes every connection; later calls fail with errc::closed. May be called again.
  void close();

 private:
  multi_reply run_many(const protocol::command& what, std::span<protocol::element> elements, failure& trouble);
  multi_reply run_keys(verb op, std::span<const std::string_view> keys, failure& trouble);
  multi_reply execute_multi(std::span<const request> what, failure& trouble);
  multi_reply set_multi(std::span<const std::pair<std::string_view, std::string_view>> pairs, std::int64_t exptime,
                        std::uint32_t flags, failure& trouble);
  std::vector<server_stats> ask_all(const protocol::command& what, failure& trouble);
  std::vector<server_stats> ask_all(const protocol::command& what, error_code& ec);

  std::unique_ptr<blocking_engine> engine_;
};

}  // namespace cmemcache
