#include "session/results.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstring>
#include <vector>

using namespace cmemcache;
using namespace cmemcache::session;

TEST_CASE("a single small value costs no allocation", "[results]") {
  std::array<char, 64> first;
  arena memory(first);
  char* const a = memory.allocate(40);
  char* const b = memory.allocate(24);
  CHECK(a == first.data());
  CHECK(b == first.data() + 40);
  CHECK(memory.release().empty());
}

TEST_CASE("small values share blocks, large ones lie alone", "[results]") {
  arena memory;
  for (int i = 0; i < 100; ++i) REQUIRE(memory.allocate(100) != nullptr);
  char* const large = memory.allocate(1'000'000);
  std::memset(large, 1, 1'000'000);
  for (int i = 0; i < 10; ++i) REQUIRE(memory.allocate(100) != nullptr);
  CHECK(memory.release().size() == 2);
}

TEST_CASE("every allocation is its own", "[results]") {
  std::array<char, 100> first;
  arena memory(first);
  std::vector<std::pair<char*, std::size_t>> places;
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::size_t size = i * 37 % 5000;
    char* const at = memory.allocate(size);
    REQUIRE(at != nullptr);
    std::memset(at, static_cast<int>(i % 251), size);
    places.emplace_back(at, size);
  }
  for (std::size_t i = 0; i < places.size(); ++i)
    for (std::size_t b = 0; b < places[i].second; ++b)
      if (places[i].first[b] != static_cast<char>(i % 251)) FAIL("allocation " << i << " was written over");
  const auto blocks = memory.release();  // and they live on with whoever takes them
  CHECK_FALSE(blocks.empty());
}

TEST_CASE("an empty value has a place, too", "[results]") {
  arena memory;
  CHECK(memory.allocate(0) != nullptr);
}

TEST_CASE("answers and refusals are kept by slot", "[results]") {
  std::array<item, 3> items;
  results r(items);
  char* const place = r.place(1, 5);
  std::memcpy(place, "bravo", 5);
  r.filed(1, {.status = status::hit, .flags = 7, .value = {place, 5}});
  r.refused(2, errc::value_too_large, "SERVER_ERROR object too large for cache");
  CHECK(r.items()[0].status == status::unanswered);
  CHECK(r.items()[1].value == "bravo");
  CHECK(r.items()[1].flags == 7);
  CHECK(r.items()[2].status == status::unanswered);
  REQUIRE(r.refusals().size() == 1);
  CHECK(r.refusals()[0].slot == 2);
  CHECK(r.refusals()[0].why == errc::value_too_large);
  CHECK(r.refusals()[0].words == "SERVER_ERROR object too large for cache");
}
