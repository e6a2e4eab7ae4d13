#include "routing/chain.hpp"

#include "routing/hash.hpp"

namespace cmemcache::routing {
namespace {

constexpr std::size_t rehash_attempts = 10;  // python-memcached's Client._SERVER_RETRIES

}  // namespace

placement_chain::placement_chain(const placement& from, std::string_view key) noexcept
    : placement_(from), digits_(0), key_(key) {
  if (!from.settled_ && from.kind_ != distribution::rendezvous) hash_ = from.hash(key);
}

placement_chain::placement_chain(const placement& from, std::uint64_t hash) noexcept
    : placement_(from), hash_(hash), digits_(hash), key_(digits_.text()) {}

std::size_t placement_chain::next() {
  const auto count_it = [this](std::size_t candidate) {
    if (candidate != placement::none) ++given_;
    return candidate;
  };

  if (placement_.settled_) return given_ == 0 ? count_it(placement_.only_) : placement::none;
  switch (placement_.kind_) {
    case distribution::modulo: return count_it(rehash());
    case distribution::modula:
      if (given_ == placement_.size()) return placement::none;
      return count_it((placement_.locate(hash_) + given_) % placement_.size());
    case distribution::ketama:
    case distribution::ketama_weighted: return count_it(walk());
    case distribution::rendezvous: return count_it(step_down());
  }
  return placement::none;
}

std::size_t placement_chain::rehash() noexcept {
  if (given_ == rehash_attempts) return placement::none;
  if (given_ != 0) {
    // The last hash's digits and, behind them, the number of the attempt that failed.
    decimal digits(hash_);
    digits.append(given_ - 1);
    hash_ = hash_key(placement_.hash_, digits.text());
  }
  return placement_.locate(hash_);
}

std::size_t placement_chain::walk() {
  const auto points = placement_.ring_.points();
  if (given_ == 0) {
    place_ = placement_.ring_.place_of(static_cast<std::uint32_t>(hash_));
    return points[place_].server;
  }
  if (tried_.empty()) {
    tried_.resize(placement_.size());
    tried_[points[place_].server] = true;
  }

  // Once round at most: a server without points is not met, so counting servers would not do.
  while (++walked_ < points.size()) {
    place_ = place_ + 1 == points.size() ? 0 : place_ + 1;
    const std::size_t server = points[place_].server;
    if (tried_[server]) continue;
    tried_[server] = true;
    return server;
  }
  walked_ = points.size() - 1;
  return placement::none;
}

std::size_t placement_chain::step_down() noexcept {
  if (given_ == placement_.size()) return placement::none;
  last_ = given_ == 0 ? placement_.scores_.best(key_) : placement_.scores_.below(last_, key_);
  return last_.server;
}

}  // namespace cmemcache::routing
