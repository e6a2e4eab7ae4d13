#include "session/backoff.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <set>

using cmemcache::session::backoff;
using namespace std::chrono_literals;

namespace {

const backoff::time_point now{1000s};

// The wait after the last of so many losses, of one of many clients: their seeds lie far apart.
backoff::duration wait_after(int losses, unsigned which) {
  backoff b(which * 2654435761u);
  for (int i = 0; i < losses; ++i) b.lost(now);
  return b.ready_at() - now;
}

}  // namespace

TEST_CASE("without a loss there is no wait", "[backoff]") {
  CHECK(backoff(1).ready_at() < now);
  backoff b(1);
  b.served();
  CHECK(b.ready_at() < now);
}

TEST_CASE("the wait doubles up to the longest, less a random part of up to a half", "[backoff]") {
  const backoff::duration whole[] = {10ms, 20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1000ms, 1000ms, 1000ms};
  int losses = 0;
  for (const backoff::duration longest : whole) {
    ++losses;
    backoff::duration least = longest, most{};
    for (unsigned which = 1; which <= 200; ++which) {
      const auto wait = wait_after(losses, which);
      least = std::min(least, wait);
      most = std::max(most, wait);
    }
    INFO("loss " << losses);
    CHECK(least >= longest / 2);
    CHECK(most <= longest);
    CHECK(least < longest * 6 / 10);  // and the part is spread over all of its range
    CHECK(most > longest * 9 / 10);
  }
}

TEST_CASE("however often it is lost, the wait stays the longest", "[backoff]") {
  for (const int losses : {31, 32, 33, 64, 1000}) {
    CHECK(wait_after(losses, 7) >= backoff::longest / 2);
    CHECK(wait_after(losses, 7) <= backoff::longest);
  }
}

TEST_CASE("clients that began differently come back at different moments", "[backoff]") {
  std::set<backoff::duration> waits;
  for (unsigned which = 1; which <= 100; ++which) waits.insert(wait_after(5, which));
  CHECK(waits.size() > 95);
}

TEST_CASE("a connection that served makes the next loss the first", "[backoff]") {
  backoff b(3);
  for (int i = 0; i < 6; ++i) b.lost(now);
  b.served();
  CHECK(b.ready_at() < now);
  b.lost(now + 5s);
  CHECK(b.ready_at() >= now + 5s + backoff::first / 2);
  CHECK(b.ready_at() <= now + 5s + backoff::first);
}
