#include "session/link_policy.hpp"

#include <catch2/catch.hpp>

using cmemcache::session::link_policy;
using std::chrono::seconds;

namespace {
const link_policy::time_point noon{std::chrono::hours(12)};
}

TEST_CASE("a server is alive until it is marked", "[link_policy]") {
  link_policy policy(seconds(30));
  CHECK(policy.alive());
  CHECK(policy.usable(noon));
  CHECK_FALSE(policy.prove_alive());  // nothing to prove
}

TEST_CASE("a dead server is left alone for dead_retry", "[link_policy]") {
  link_policy policy(seconds(30));
  CHECK(policy.mark_dead(noon));
  CHECK_FALSE(policy.alive());
  CHECK_FALSE(policy.usable(noon));
  CHECK_FALSE(policy.usable(noon + seconds(29)));
}

TEST_CASE("one caller probes, the others go on without it", "[link_policy]") {
  link_policy policy(seconds(30));
  policy.mark_dead(noon);
  CHECK(policy.usable(noon + seconds(30)));
  CHECK_FALSE(policy.usable(noon + seconds(30)));
  CHECK_FALSE(policy.alive());

  SECTION("the server answers the probe") {
    CHECK(policy.prove_alive());
    CHECK(policy.usable(noon + seconds(30)));
    CHECK_FALSE(policy.prove_alive());
  }
  SECTION("it does not") {
    CHECK_FALSE(policy.mark_dead(noon + seconds(31)));  // it was dead already: not counted twice
    CHECK_FALSE(policy.usable(noon + seconds(60)));
    CHECK(policy.usable(noon + seconds(61)));
  }
  SECTION("the probe comes to nothing, as when its call was interrupted") {
    CHECK_FALSE(policy.usable(noon + seconds(59)));
    CHECK(policy.usable(noon + seconds(60)));
  }
}

TEST_CASE("times at the edges of the clock", "[link_policy]") {
  link_policy at_once(seconds(0));
  at_once.mark_dead(noon);
  CHECK(at_once.usable(noon));
  link_policy never(link_policy::duration::max());
  never.mark_dead(noon);
  CHECK_FALSE(never.usable(noon + std::chrono::hours(24 * 365)));
  link_policy boot(seconds(0));
  boot.mark_dead(link_policy::time_point{});  // the clock's zero is not the mark of the living
  CHECK_FALSE(boot.alive());
}
