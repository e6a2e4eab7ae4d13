#include "protocol/digits.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <string>

using namespace cmemcache::protocol;

namespace {

template <class T>
std::string written(T number) {
  std::array<char, max_digits + 1> out;
  return {out.data(), put_number(out.data(), number)};
}

template <class T>
std::string rest_after(std::string_view text, T expected) {
  T number = 0;
  REQUIRE(take_number(text, number));
  CHECK(number == expected);
  return std::string(text);
}

template <class T>
bool refuses(std::string_view text) {
  const std::string_view before = text;
  T number = 0;
  return !take_number(text, number) && text == before;
}

}  // namespace

TEST_CASE("numbers are written in decimal", "[digits]") {
  CHECK(written(0) == "0");
  CHECK(written(std::int64_t{-1}) == "-1");
  CHECK(written(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(written(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
}

TEST_CASE("a number is taken off the front", "[digits]") {
  CHECK(rest_after<std::uint32_t>("0", 0).empty());
  CHECK(rest_after<std::uint32_t>("4294967295 x", 4294967295U) == " x");
  CHECK(rest_after<std::uint64_t>("18446744073709551615", std::numeric_limits<std::uint64_t>::max()).empty());
  CHECK(rest_after<std::uint32_t>("007\r", 7) == "\r");
}

TEST_CASE("what is no number, or too large a one, is refused and stays", "[digits]") {
  for (const char* text : {"", " 1", "-1", "+1", "x1", "4294967296", "99999999999999999999"})
    CHECK(refuses<std::uint32_t>(text));
  CHECK(refuses<std::uint64_t>("18446744073709551616"));
}

TEST_CASE("a prefix is taken only where it is whole", "[digits]") {
  std::string_view text = "VALUE k";
  CHECK_FALSE(take(text, "VALUES"));
  CHECK(text == "VALUE k");
  CHECK(take(text, "VALUE "));
  CHECK(text == "k");
  CHECK_FALSE(take(text, "kk"));
}
