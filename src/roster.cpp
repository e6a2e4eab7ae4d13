#include "roster.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "protocol/key.hpp"

namespace cmemcache {

using protocol::command;
using protocol::element;

namespace {

client_options checked(client_options options) {
  const auto require = [](const error_code& ec, const std::string& what) {
    if (ec) throw error(ec, {}, what + ": " + ec.message());
  };
  const auto in_range = [](bool good) { return good ? error_code() : error_code(errc::bad_argument); };
  require(protocol::check_prefix(options.key_prefix), "key_prefix '" + options.key_prefix + "'");
  // A blank would end it in the ASCII authentication.
  require(in_range(protocol::has_good_bytes(options.username)), "username '" + options.username + "'");
  require(in_range(options.password.find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos), "password");
  require(in_range(!options.username.empty() || options.password.empty()), "a password without a username");
  require(in_range(options.timeout.count() > 0), "timeout");
  require(in_range(options.connect_timeout.count() > 0), "connect_timeout");
  require(in_range(options.dead_retry.count() >= 0), "dead_retry");
  require(in_range(options.resolve_interval.count() >= 0), "resolve_interval");
  require(in_range(options.discovery_interval.count() >= 0), "discovery_interval");
  require(in_range(options.max_connections > 0), "max_connections");
  require(in_range(options.pipelined_connections > 0), "pipelined_connections");
  require(in_range(options.max_in_flight > 0), "max_in_flight");
  require(in_range(options.max_in_flight_bytes > 0), "max_in_flight_bytes");
  return options;
}

std::optional<std::string> name_of(const server_pool& servers, std::size_t at) {
  if (at == routing::placement::none) return {};
  return servers[at].where.text;
}

}  // namespace

roster::roster(std::vector<server> servers, client_options options)
    : options_(checked(std::move(options))),
      tls_(options_.tls ? std::make_shared<net::tls_context>(*options_.tls) : nullptr),
      discovery_(options_.discovery_interval.count() == 0 ? nullptr : std::make_unique<discovery>(servers, options_, tls_)),
      pool_(std::make_shared<server_pool>(discovery_ != nullptr ? std::vector<server>() : servers, options_, nullptr, tls_)) {}

std::shared_ptr<server_pool> roster::pool(net::time_point now, net::time_point deadline, const net::interruption& stop,
                                          error_code& ec) {
  ec.clear();
  look(now);
  while (const auto list = awaited_list()) {
    list->wait(std::min(deadline, now + net::longest_wait));
    now = net::steady_clock::now();
    if (list->finished()) look_after_list(now);
    else if (now >= deadline) ec = errc::timed_out;
    else if (stop()) ec = errc::interrupted;
    if (ec) return nullptr;
  }
  return pool();
}

void roster::look_after_list(net::time_point now) noexcept {
  bool installing = false;
  try {
    const auto [list, trouble] = discovery_->look(now);
    if (list) {
      installing = true;
      set_servers(*list);
      installing = false;
      discovery_->installed(true);
      tell(log_level::info, "its servers have changed");
    }
    if (trouble.empty()) return;
    if (pool()->size() == 0)
      put_in_place(std::make_shared<server_pool>(std::vector<server>(), options_, nullptr, tls_, trouble));
    tell(log_level::warning, trouble);
  } catch (...) {  // no memory; or the logger has thrown, which is its own affair
    if (installing) discovery_->installed(false);
  }
}

void roster::tell(log_level level, const std::string& what) const {
  if (options_.log.wants(level)) options_.log.write(level, "discovery: " + what);
}

std::shared_ptr<server_pool> roster::pool() const {
  const std::lock_guard lock(mutex_);
  return pool_;
}

error_code roster::check(const command& what, const element& e) const noexcept {
  if (const error_code ec = protocol::check_key(e.key, what.prefix.size())) return ec;
  if (is_storage(what.op) && e.value.size() > options_.max_value_length) return errc::value_too_large;
  return {};
}

error_code roster::check(const command& what) const noexcept {
  const auto printable = [](unsigned char c) { return c >= 0x20 && c != 0x7f; };
  return std::ranges::all_of(what.argument, printable) ? error_code() : error_code(errc::bad_argument);
}

std::span<element> roster::take_out_refused(const command& what, std::span<element> elements,
                                            session::reply_sink& answers) const {
  std::size_t good = 0;
  for (element& e : elements) {
    if (!takes(what, e)) [[unlikely]] {
      answers.refused(e.slot, check(what, e), {});
      continue;
    }
    if (&elements[good] != &e) elements[good] = e;
    ++good;
  }
  return elements.first(good);
}

std::optional<std::string> roster::server_for(std::string_view key, std::string_view call_prefix) const {
  const auto servers = pool();
  return name_of(*servers, call_prefix.empty() ? servers->placement().pick(key)
                                               : servers->placement().pick(std::string(call_prefix).append(key)));
}

std::optional<std::string> roster::server_for_hash(std::uint64_t hash) const {
  const auto servers = pool();
  return name_of(*servers, servers->placement().pick_hashed(hash));
}

void roster::set_servers(std::vector<server> servers) {
  // Made before the lock is taken: pools have guarded mutexes of their own (see fork_guarded_mutex).
  put_in_place(std::make_shared<server_pool>(servers, options_, pool().get(), tls_));
}

void roster::put_in_place(std::shared_ptr<server_pool> next) {
  const std::lock_guard lock(mutex_);
  pool_.swap(next);
  version_.fetch_add(1, std::memory_order_release);
}

std::vector<server> roster::servers() const {
  const auto servers = pool();
  std::vector<server> out;
  for (std::size_t i = 0; i < servers->size(); ++i) out.push_back((*servers)[i].where);
  return out;
}

void roster::forget_dead_hosts() {
  const auto servers = pool();
  for (std::size_t i = 0; i < servers->size(); ++i) (*servers)[i].policy.answered();
}

std::vector<server_counters> roster::counters() const {
  const auto servers = pool();
  std::vector<server_counters> out;
  for (std::size_t i = 0; i < servers->size(); ++i) out.push_back((*servers)[i].counters());
  return out;
}

}  // namespace cmemcache
