#include "session/failure_policy.hpp"

#include <algorithm>
#include <random>

namespace cmemcache::session {

namespace {

std::int64_t ticks_of(failure_policy::time_point t) noexcept { return t.time_since_epoch().count(); }

bool is_one_of(const error_code& ec, std::initializer_list<errc> ours, std::initializer_list<boost::system::errc::errc_t> theirs) {
  return std::ranges::any_of(ours, [&](errc e) { return ec == e; }) ||
         std::ranges::any_of(theirs, [&](auto e) { return ec == boost::system::errc::make_error_condition(e); });
}

}  // namespace

std::int64_t failure_policy::dead_until(time_point now) const noexcept {
  const std::int64_t wait = std::min<std::int64_t>(settings_.dead_retry.count(), INT64_MAX - ticks_of(now));
  return std::max<std::int64_t>(ticks_of(now) + wait, 1);  // never the mark of the living
}

failure_policy::admission failure_policy::admit_to_dead(time_point now) noexcept {
  std::int64_t until = dead_until_.load(std::memory_order_relaxed);
  if (until == 0) return admission::use;
  if (ticks_of(now) < until) return admission::pass_by;
  // Whoever moves the mark has the probe; should it come to nothing, the next one is due after another dead_retry.
  const bool first = dead_until_.compare_exchange_strong(until, dead_until(now), std::memory_order_relaxed);
  return first ? admission::probe : admission::pass_by;
}

failure_policy::trouble failure_policy::sort(const error_code& ec, bool reached) noexcept {
  namespace sys = boost::system::errc;
  if (is_one_of(ec, {errc::interrupted, errc::closed, errc::not_enough_memory},
                {sys::too_many_files_open, sys::too_many_files_open_in_system, sys::no_buffer_space, sys::not_enough_memory,
                 sys::address_not_available}))
    return trouble::ours;
  if (!reached) return trouble::unreachable;
  return ec == errc::timed_out ? trouble::silent : trouble::lost;
}

bool failure_policy::failed(trouble what, time_point now) noexcept {
  if (what != trouble::unreachable && what != trouble::silent) return false;
  return dead_until_.exchange(dead_until(now), std::memory_order_relaxed) == 0;
}

void failure_policy::wasted(time_point now) noexcept {
  constexpr std::uint32_t doublings = 7;  // over a second
  const std::uint32_t before = wasted_.fetch_add(1, std::memory_order_relaxed);
  const duration whole = std::min<duration>(first_pause * (1u << std::min(before, doublings)), settings_.longest_pause);
  std::minstd_rand random(seed_ + before + static_cast<std::uint32_t>(ticks_of(now)));
  random.discard(2);  // the first numbers of seeds that are close to one another are, too
  const duration off(std::uniform_int_distribution<duration::rep>(0, whole.count() / 2)(random));
  connect_at_.store(ticks_of(now + whole - off), std::memory_order_relaxed);
}

failure_policy::time_point failure_policy::connect_at() const noexcept {
  if (wasted_.load(std::memory_order_relaxed) == 0) return time_point::min();
  return time_point(duration(connect_at_.load(std::memory_order_relaxed)));
}

failure_policy::remedy failure_policy::after_loss(const loss& facts) noexcept {
  if (facts.question && !facts.sent) return remedy::send_again;
  const bool harmless = facts.repeatable || !facts.sent || !facts.taken;
  if (facts.reused && !facts.retried && !facts.answered && harmless) return remedy::send_again;
  return facts.sent && !facts.repeatable ? remedy::in_doubt : remedy::give_up;
}

}  // namespace cmemcache::session
