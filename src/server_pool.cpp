#include "server_pool.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <random>
#include <string_view>
#include <unordered_map>

namespace cmemcache {

namespace {

net::direct_pool::settings pool_settings(const client_options& options, session::server_knowledge& known, net::tls_peer* tls) {
  return {.connection = channel_settings(options, known, tls),
          .max_connections = std::max<std::size_t>(options.max_connections, 1)};
}

// rendezvous's label is "host:port" without the brackets that an IPv6 address wears elsewhere.
routing::node node_of(const server& s) {
  const bool is_unix = s.kind == server::transport::unix_socket;
  return {.host = s.host,
          .port = s.port,
          .label = !s.alias.empty() ? s.alias : is_unix ? s.host : s.host + ":" + std::to_string(s.port),
          .weight = s.weight,
          .is_unix = is_unix,
          .alias = s.alias};
}

}  // namespace

net::channel::settings channel_settings(const client_options& options, session::server_knowledge& known, net::tls_peer* tls) {
  session::session_options session{
      .protocol = options.protocol, .max_reply_length = options.max_reply_length, .known = &known};
  if (!options.username.empty())
    session.credentials = std::make_shared<protocol::credentials>(options.username, options.password);
  return {.session = std::move(session),
          .connect_timeout = options.connect_timeout,
          .timeout = options.timeout,
          .tls = tls};
}

server_link::server_link(const server& s, const client_options& options, std::unique_ptr<net::tls_peer> secured, unsigned seed)
    : where(s),
      log(options.log),
      policy({.dead_retry = options.dead_retry,
              .failover = options.failover,
              .flush_on_reconnect = options.flush_on_reconnect,
              .longest_pause = std::min(options.timeout / 2, std::chrono::milliseconds(1000)),
              .patience = std::min(options.timeout / 2, options.connect_timeout)},
             seed),
      names(s, options.resolve_interval, [this] { tell(log_level::info, [] { return std::string("its name has moved"); }); }),
      tls(std::move(secured)),
      connections(s, names, pool_settings(options, known, tls.get())) {}

bool server_link::failed(session::failure_policy::trouble what, const error_code& ec, net::time_point now) {
  if (policy.failed(what, now)) {
    count(marked_dead, 1);
    known.forget();
    tell(log_level::warning, [&] {
      char seconds[32];
      std::snprintf(seconds, sizeof seconds, "%.3g s: ", std::chrono::duration<double>(policy.dead_retry()).count());
      return std::string("marked dead for ") + seconds + ec.message();
    });
  }
  if (policy.is_alive()) return false;
  connections.turn_away();
  return true;
}

server_counters server_link::counters() const {
  const auto load = [](const std::atomic<std::uint64_t>& n) { return n.load(std::memory_order_relaxed); };
  const auto [idle, lent, direct] = connections.count();
  const std::uint64_t opened = direct + load(pipelines_opened);
  return {.server = where.text,
          .hits = load(hits),
          .misses = load(misses),
          .stores = load(stores),
          .timeouts = load(timeouts),
          .reconnects = opened > 0 ? opened - 1 : 0,
          .connections = idle + lent + load(pipelines_open),
          .in_flight = lent + load(in_flight),
          .bytes_in = load(bytes_in),
          .bytes_out = load(bytes_out),
          .orphaned_replies = load(orphaned_replies),
          .marked_dead = load(marked_dead),
          .dead = !policy.is_alive()};
}

server_pool::server_pool(std::span<const server> servers, const client_options& options, const server_pool* before,
                         const std::shared_ptr<const net::tls_context>& tls, std::string why_empty)
    : why_empty_(std::move(why_empty)) {
  std::vector<routing::node> nodes;
  std::random_device seeds;  // one for all: making it asks the processor what it is, which takes long on a virtual one
  std::unordered_multimap<std::string_view, const std::shared_ptr<server_link>*> known;  // those of before, each once
  if (before != nullptr)
    for (const auto& l : before->links_) known.emplace(l->where.text, &l);
  for (const server& s : servers) {
    nodes.push_back(node_of(s));
    std::shared_ptr<server_link> link;
    for (auto [at, end] = known.equal_range(s.text); at != end; ++at) {
      if ((*at->second)->where != s) continue;
      link = *at->second;
      known.erase(at);
      break;
    }
    if (link == nullptr) {
      auto secured = tls != nullptr ? std::make_unique<net::tls_peer>(tls, s) : nullptr;
      link = std::make_shared<server_link>(s, options, std::move(secured), seeds());
    }
    links_.push_back(std::move(link));
  }
  for (std::size_t i = 0; i < links_.size(); ++i) order_.push_back(i);
  std::ranges::sort(order_, std::less<>(), [this](std::size_t i) { return links_[i].get(); });
  placement_ = routing::placement(nodes, options.distribution, options.hash);
}

}  // namespace cmemcache
