#include "blocking_engine.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "blocking_call.hpp"
#include "protocol/key.hpp"
#include "server_pool.hpp"

namespace cmemcache {

using protocol::command;
using protocol::element;

namespace {

// The answers of one server to a command about it.
class server_sink final : public session::reply_sink {
 public:
  server_stats answer;

  char* place(std::uint32_t, std::size_t) noexcept override { return nullptr; }
  void refused(std::uint32_t, error_code, std::string_view) noexcept override {}
  void filed(std::uint32_t, const item& got) noexcept override {
    if (got.value.empty()) return;
    try {
      stat("version", got.value);
    } catch (const std::bad_alloc&) {
      // The server is listed without its text.
    }
  }
  void stat(std::string_view name, std::string_view value) override { answer.values.emplace_back(name, value); }
};

bool is_printable_argument(std::string_view argument) noexcept {
  return std::ranges::all_of(argument, [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

// The key, as much of it as is good to read.
std::string shown(std::string_view key) {
  constexpr std::size_t longest = 60;
  std::string text = "'";
  text += key.substr(0, longest);
  text += key.size() > longest ? "...'" : "'";
  return text;
}

client_options checked(client_options options) {
  const auto require = [](const error_code& ec, const std::string& what) {
    if (ec) throw error(ec, {}, what + ": " + ec.message());
  };
  const auto in_range = [](bool good) { return good ? error_code() : error_code(errc::bad_argument); };
  require(protocol::check_prefix(options.key_prefix), "key_prefix '" + options.key_prefix + "'");
  require(in_range(options.timeout.count() > 0), "timeout");
  require(in_range(options.connect_timeout.count() > 0), "connect_timeout");
  require(in_range(options.dead_retry.count() >= 0), "dead_retry");
  require(in_range(options.max_connections > 0), "max_connections");
  return options;
}

}  // namespace

failure describe(const session::results::refusal& r, verb op, std::string_view key) {
  std::string text;
  if (!r.server.empty()) text.append(r.server).append(": ");
  text.append(to_string(op)).append(" ").append(shown(key)).append(": ").append(r.why.message());
  if (!r.words.empty()) text.append(": ").append(r.words);
  return {r.why, r.server, std::move(text)};
}

blocking_engine::blocking_engine(std::vector<server> servers, client_options options)
    : options_(checked(std::move(options))), pool_(std::make_shared<server_pool>(servers, options_, nullptr)) {}

blocking_engine::~blocking_engine() = default;

std::shared_ptr<server_pool> blocking_engine::pool() const {
  const std::lock_guard lock(mutex_);
  return pool_;
}

error_code blocking_engine::check(const command& what, const element& e) const noexcept {
  if (const error_code ec = protocol::check_key(e.key, what.prefix.size())) return ec;
  if (is_storage(what.op) && e.value.size() > options_.max_value_length) return errc::value_too_large;
  return {};
}

// The elements that are left close up.
std::span<element> blocking_engine::take_out_refused(const command& what, std::span<element> elements,
                                                     session::results& answers) const {
  std::size_t good = 0;
  for (element& e : elements) {
    if (const error_code ec = check(what, e)) {
      answers.refused(e.slot, ec, {});
      continue;
    }
    if (&elements[good] != &e) elements[good] = e;
    ++good;
  }
  return elements.first(good);
}

void blocking_engine::run(const command& what, std::span<element> elements, session::results& answers, call& c,
                          std::span<const std::uint64_t> hashes) {
  if (!c.checked) elements = take_out_refused(what, elements, answers);
  if (elements.empty()) return;
  if (closed_.load(std::memory_order_relaxed)) {
    c.failures.push_back({errc::closed, {}, error_code(errc::closed).message()});
    return;
  }
  const auto servers = pool();
  blocking_call(*servers, options_, what, c, hashes).run(elements, answers);
}

std::vector<server_stats> blocking_engine::ask_all(const command& what, call& c) {
  std::vector<server_stats> out;
  error_code ec;
  if (closed_.load(std::memory_order_relaxed)) ec = errc::closed;
  else if (!is_printable_argument(what.argument)) ec = errc::bad_argument;
  if (ec) {
    c.failures.push_back({ec, {}, std::string(to_string(what.op)) + ": " + ec.message()});
    return out;
  }
  const auto servers = pool();
  std::vector<server_sink> sinks(servers->size());
  std::vector<session::reply_sink*> places;
  for (server_sink& s : sinks) places.push_back(&s);
  blocking_call(*servers, options_, what, c).run_on_all(places);
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    const std::string& name = (*servers)[i].where.text;
    if (std::ranges::find(c.failures, name, &failure::server) != c.failures.end()) continue;
    sinks[i].answer.server = name;
    out.push_back(std::move(sinks[i].answer));
  }
  return out;
}

std::optional<std::string> blocking_engine::server_for(std::string_view key, std::string_view call_prefix) const {
  const auto servers = pool();
  const std::size_t at = call_prefix.empty() ? servers->placement().pick(key)
                                             : servers->placement().pick(std::string(call_prefix).append(key));
  if (at == routing::placement::none) return {};
  return (*servers)[at].where.text;
}

std::optional<std::string> blocking_engine::server_for_hash(std::uint64_t hash) const {
  const auto servers = pool();
  const std::size_t at = servers->placement().pick_hashed(hash);
  if (at == routing::placement::none) return {};
  return (*servers)[at].where.text;
}

void blocking_engine::set_servers(std::vector<server> servers) {
  // Made before the lock is taken: pools have guarded mutexes of their own (see fork_guarded_mutex).
  auto next = std::make_shared<server_pool>(servers, options_, pool().get());
  const std::lock_guard lock(mutex_);
  pool_.swap(next);
}

std::vector<server> blocking_engine::servers() const {
  const auto servers = pool();
  std::vector<server> out;
  for (std::size_t i = 0; i < servers->size(); ++i) out.push_back((*servers)[i].where);
  return out;
}

void blocking_engine::disconnect_all() {
  const auto servers = pool();
  for (std::size_t i = 0; i < servers->size(); ++i) (*servers)[i].connections.disconnect();
}

void blocking_engine::forget_dead_hosts() {
  const auto servers = pool();
  for (std::size_t i = 0; i < servers->size(); ++i) (*servers)[i].policy.prove_alive();
}

std::vector<server_counters> blocking_engine::counters() const {
  const auto servers = pool();
  std::vector<server_counters> out;
  for (std::size_t i = 0; i < servers->size(); ++i) out.push_back((*servers)[i].counters());
  return out;
}

void blocking_engine::close() {
  closed_ = true;
  const auto servers = pool();
  for (std::size_t i = 0; i < servers->size(); ++i) (*servers)[i].connections.close();
}

}  // namespace cmemcache
