#include "server_choice.hpp"

#include <algorithm>
#include <cstring>

#include "protocol/key.hpp"
#include "routing/chain.hpp"

namespace cmemcache {

using protocol::element;

// A prefix given with the call is hashed as part of the key (python-memcached's key_prefix); the client's own is not.
server_choice::server_choice(const server_pool& servers, const client_options& options, std::string_view prefix,
                             std::span<const routing::stand_in> stand_ins)
    : servers_(servers),
      hashed_prefix_(prefix.substr(std::min(options.key_prefix.size(), prefix.size()))),
      stand_ins_(stand_ins) {}

server_choice::standing& server_choice::meet(std::size_t server) {
  if (!all_.empty()) return all_[server];
  if (few_.size() < few_.capacity()) return few_.emplace_back(met{server, {}}).of;
  all_.resize(servers_.size());
  for (const met& m : few_) all_[m.server] = m.of;
  few_.clear();
  return all_[server];
}

bool server_choice::is_usable(std::size_t server, time_point now) {
  standing& s = (*this)[server];
  if (s.use == standing::verdict::not_asked) {
    using admission = session::failure_policy::admission;
    const admission how = servers_[server].policy.admit(now);
    s.since = now;
    s.probing = how == admission::probe;
    s.use = how == admission::pass_by ? standing::verdict::unusable : standing::verdict::usable;
  }
  return s.use == standing::verdict::usable;
}

std::string_view server_choice::hashed_part(std::string_view key, std::span<char> buffer) const noexcept {
  if (hashed_prefix_.empty()) return key;
  std::memcpy(buffer.data(), hashed_prefix_.data(), hashed_prefix_.size());
  std::memcpy(buffer.data() + hashed_prefix_.size(), key.data(), key.size());
  return {buffer.data(), hashed_prefix_.size() + key.size()};
}

std::size_t server_choice::choose(const element& e, time_point now) {
  const routing::placement& placement = servers_.placement();
  char buffer[protocol::max_key_length];
  const routing::stand_in instead = stand_ins_.empty() ? routing::stand_in() : stand_ins_[e.slot];
  const auto* const hash = std::get_if<std::uint64_t>(&instead);
  const auto* const text = std::get_if<std::string_view>(&instead);
  const std::string_view key = text != nullptr ? *text : hashed_part(e.key, buffer);
  const std::size_t first = hash ? placement.pick_hashed(*hash) : placement.pick(key);
  if (first == routing::placement::none || is_usable(first, now)) return first;
  if (!servers_[first].policy.failover()) return routing::placement::none;
  const auto walk = [&](routing::placement_chain chain) {
    std::size_t server = chain.next();
    while (server != routing::placement::none && !is_usable(server, now)) server = chain.next();
    return server;
  };
  return walk(hash ? routing::placement_chain(placement, *hash) : routing::placement_chain(placement, key));
}

server_choice::shares server_choice::split(std::span<element> todo, time_point now) {
  shares out = split_by_server(todo, now);
  for (const share& s : out) (*this)[s.server].since = now;
  return out;
}

server_choice::shares server_choice::split_by_server(std::span<element> todo, time_point now) {
  shares out;
  const std::size_t nobody = servers_.size();
  if (nobody <= 1 || todo.size() == 1) {
    const std::size_t server = choose(todo.front(), now);
    left_out_ = server == routing::placement::none;
    if (!left_out_) out.push_back({server, todo});
    return out;
  }
  // A counting sort: the elements keep their order within a server.
  std::vector<std::uint32_t> chosen(todo.size());
  std::vector<std::size_t> begin(nobody + 2);
  for (std::size_t i = 0; i < todo.size(); ++i) {
    chosen[i] = static_cast<std::uint32_t>(std::min(choose(todo[i], now), nobody));
    ++begin[chosen[i] + 1];
  }
  left_out_ = begin[nobody + 1] != 0;
  for (std::size_t s = 1; s < begin.size(); ++s) begin[s] += begin[s - 1];
  grouped_.resize(todo.size());
  std::vector<std::size_t> next = begin;
  for (std::size_t i = 0; i < todo.size(); ++i) grouped_[next[chosen[i]]++] = todo[i];
  for (const std::size_t s : servers_.borrowing_order())
    if (begin[s] != begin[s + 1])
      out.push_back({s, std::span(grouped_).subspan(begin[s], begin[s + 1] - begin[s])});
  return out;
}

std::string server_choice::unusable_names() const {
  std::string names;
  const auto add = [&](std::size_t server, const standing& s) {
    if (s.use == standing::verdict::unusable) names += (names.empty() ? "" : ", ") + servers_[server].where.text;
  };
  for (std::size_t i = 0; i < all_.size(); ++i) add(i, all_[i]);
  if (all_.empty())
    for (const met& m : few_) add(m.server, m.of);
  return names;
}

}  // namespace cmemcache
