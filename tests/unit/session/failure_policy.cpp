#include "session/failure_policy.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <set>

using cmemcache::errc;
using cmemcache::error_code;
using cmemcache::session::failure_policy;
using admission = failure_policy::admission;
using remedy = failure_policy::remedy;
using trouble = failure_policy::trouble;
using namespace std::chrono_literals;
namespace sys = boost::system::errc;

namespace {

const failure_policy::time_point noon{12h};

// The pause after the last of so many connections that came to nothing, of one of many clients.
failure_policy::duration pause_after(int wasted, std::uint32_t seed) {
  failure_policy p({}, seed);
  for (int i = 0; i < wasted; ++i) p.wasted(noon);
  return p.connect_at() - noon;
}

}  // namespace

TEST_CASE("a server is alive until it fails", "[failure_policy]") {
  failure_policy policy({.dead_retry = 30s});
  CHECK(policy.is_alive());
  CHECK(policy.admit(noon) == admission::use);
  CHECK_FALSE(policy.answered());  // nothing new
}

TEST_CASE("a server that is unreachable or silent is dead, no other is", "[failure_policy]") {
  failure_policy policy({.dead_retry = 30s});
  CHECK_FALSE(policy.failed(trouble::lost, noon));
  CHECK_FALSE(policy.failed(trouble::ours, noon));
  CHECK(policy.is_alive());
  CHECK(policy.failed(GENERATE(trouble::unreachable, trouble::silent), noon));
  CHECK_FALSE(policy.is_alive());
}

TEST_CASE("trouble is sorted by whose it is", "[failure_policy]") {
  const auto system = [](sys::errc_t e) { return error_code(e, boost::system::system_category()); };
  for (const auto e : {sys::connection_refused, sys::host_unreachable, sys::network_unreachable, sys::connection_reset,
                       sys::resource_unavailable_try_again, sys::timed_out})
    CHECK(failure_policy::sort(system(e), false) == trouble::unreachable);
  for (const errc e : {errc::timed_out, errc::host_not_found}) CHECK(failure_policy::sort(e, false) == trouble::unreachable);
  CHECK(failure_policy::sort(errc::timed_out, true) == trouble::silent);
  for (const errc e : {errc::connection_closed, errc::protocol_error, errc::in_doubt})
    CHECK(failure_policy::sort(e, true) == trouble::lost);
  CHECK(failure_policy::sort(system(sys::connection_reset), true) == trouble::lost);
  const bool reached = GENERATE(false, true);
  for (const auto e : {sys::too_many_files_open, sys::too_many_files_open_in_system, sys::no_buffer_space,
                       sys::not_enough_memory, sys::address_not_available})
    CHECK(failure_policy::sort(system(e), reached) == trouble::ours);
  for (const errc e : {errc::interrupted, errc::closed, errc::not_enough_memory})
    CHECK(failure_policy::sort(e, reached) == trouble::ours);
}

TEST_CASE("a server that was asked when there was no time left is not silent", "[failure_policy]") {
  const failure_policy policy({.patience = 500ms});
  CHECK(policy.silence(499ms) == trouble::ours);
  CHECK(policy.silence(500ms) == trouble::silent);
}

TEST_CASE("a dead server is left alone for dead_retry", "[failure_policy]") {
  failure_policy policy({.dead_retry = 30s});
  policy.failed(trouble::silent, noon);
  CHECK(policy.admit(noon) == admission::pass_by);
  CHECK(policy.admit(noon + 29s) == admission::pass_by);
}

TEST_CASE("one caller probes, the others go on without it", "[failure_policy]") {
  failure_policy policy({.dead_retry = 30s});
  policy.failed(trouble::unreachable, noon);
  CHECK(policy.admit(noon + 30s) == admission::probe);
  CHECK(policy.admit(noon + 30s) == admission::pass_by);
  CHECK_FALSE(policy.is_alive());

  SECTION("the server answers the probe") {
    CHECK(policy.answered());
    CHECK(policy.admit(noon + 30s) == admission::use);
    CHECK_FALSE(policy.answered());
  }
  SECTION("it does not") {
    CHECK_FALSE(policy.failed(trouble::silent, noon + 31s));  // it was dead already: not counted twice
    CHECK(policy.admit(noon + 60s) == admission::pass_by);
    CHECK(policy.admit(noon + 61s) == admission::probe);
  }
  SECTION("the probe comes to nothing, as when its call was interrupted") {
    CHECK(policy.admit(noon + 59s) == admission::pass_by);
    CHECK(policy.admit(noon + 60s) == admission::probe);
  }
}

TEST_CASE("times at the edges of the clock", "[failure_policy]") {
  failure_policy at_once({.dead_retry = 0s});
  at_once.failed(trouble::silent, noon);
  CHECK(at_once.admit(noon) == admission::probe);
  failure_policy never({.dead_retry = failure_policy::duration::max()});
  never.failed(trouble::silent, noon);
  CHECK(never.admit(noon + 24h * 365) == admission::pass_by);
  failure_policy boot({.dead_retry = 0s});
  boot.failed(trouble::silent, failure_policy::time_point{});  // the clock's zero is not the mark of the living
  CHECK_FALSE(boot.is_alive());
}

TEST_CASE("what was lost is sent again when that does no harm, once", "[failure_policy]") {
  using loss = failure_policy::loss;
  const auto after = failure_policy::after_loss;
  CHECK(after(loss{.repeatable = true, .reused = true, .sent = true, .taken = true}) == remedy::send_again);
  CHECK(after(loss{.reused = true}) == remedy::send_again);                                   // nothing had left
  CHECK(after(loss{.retried = true, .answered = true, .question = true}) == remedy::send_again);  // nor here
  CHECK(after(loss{.sent = true, .taken = true, .question = true}) == remedy::in_doubt);
  CHECK(after(loss{.reused = true, .sent = true}) == remedy::send_again);                     // nothing had arrived
  CHECK(after(loss{.reused = true, .sent = true, .taken = true}) == remedy::in_doubt);
  CHECK(after(loss{.repeatable = true, .reused = true, .retried = true, .sent = true}) == remedy::give_up);
  CHECK(after(loss{.reused = true, .retried = true, .sent = true}) == remedy::in_doubt);
  CHECK(after(loss{.repeatable = true, .reused = true, .answered = true, .sent = true}) == remedy::give_up);
  CHECK(after(loss{.repeatable = true, .sent = true}) == remedy::give_up);                    // a new connection: no stale one
  CHECK(after(loss{}) == remedy::give_up);
}

TEST_CASE("without a connection wasted there is no pause", "[failure_policy]") {
  failure_policy policy({}, 1);
  CHECK(policy.connect_at() < noon);
  policy.served();
  CHECK(policy.connect_at() < noon);
}

TEST_CASE("the pause doubles up to the longest, less a random part of up to a half", "[failure_policy]") {
  const failure_policy::duration whole[] = {10ms, 20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1000ms, 1000ms, 1000ms};
  int wasted = 0;
  for (const failure_policy::duration longest : whole) {
    ++wasted;
    failure_policy::duration least = longest, most{};
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
      const auto pause = pause_after(wasted, seed * 2654435761u);
      least = std::min(least, pause);
      most = std::max(most, pause);
    }
    INFO("wasted " << wasted);
    CHECK(least >= longest / 2);
    CHECK(most <= longest);
    CHECK(least < longest * 6 / 10);  // and the part is spread over all of its range
    CHECK(most > longest * 9 / 10);
  }
}

TEST_CASE("however many are wasted, the pause stays the longest", "[failure_policy]") {
  for (const int wasted : {31, 32, 33, 64, 1000}) {
    CHECK(pause_after(wasted, 7) >= 500ms);
    CHECK(pause_after(wasted, 7) <= 1s);
  }
}

TEST_CASE("the longest pause is as it is set", "[failure_policy]") {
  failure_policy policy({.longest_pause = 100ms});
  for (int i = 0; i < 20; ++i) policy.wasted(noon);
  CHECK(policy.connect_at() >= noon + 50ms);
  CHECK(policy.connect_at() <= noon + 100ms);
}

TEST_CASE("clients that began differently come back at different moments", "[failure_policy]") {
  std::set<failure_policy::duration> pauses;
  for (std::uint32_t seed = 1; seed <= 100; ++seed) pauses.insert(pause_after(5, seed));
  CHECK(pauses.size() > 95);
}

TEST_CASE("a connection that served makes the next one wasted the first", "[failure_policy]") {
  failure_policy policy({}, 3);
  for (int i = 0; i < 6; ++i) policy.wasted(noon);
  policy.served();
  CHECK(policy.connect_at() < noon);
  policy.wasted(noon + 5s);
  CHECK(policy.connect_at() >= noon + 5s + failure_policy::first_pause / 2);
  CHECK(policy.connect_at() <= noon + 5s + failure_policy::first_pause);
}
