#include "protocol/gather.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "support/gathered.hpp"

using namespace cmemcache::protocol;
using cmemcache::test::gathered;

namespace {

constexpr std::size_t large = gather::reference_threshold;

void append_text(gather& out, std::string_view text) {
  std::memcpy(out.room(text.size()), text.data(), text.size());
  out.commit(text.size());
}

}  // namespace

TEST_CASE("a new gather has nothing to write", "[gather]") {
  gather out;
  std::array<gather::piece, 2> pieces;
  CHECK(out.empty());
  CHECK(out.size() == 0);
  CHECK(out.pieces(pieces) == 0);
  out.append_value("");
  CHECK(out.empty());
}

TEST_CASE("small values are copied into one piece", "[gather]") {
  gather out;
  std::string small(large - 1, 's');
  append_text(out, "set k ");
  out.append_value(small);
  append_text(out, "\r\n");
  std::array<gather::piece, 4> pieces;
  REQUIRE(out.pieces(pieces) == 1);
  CHECK(pieces[0].size == 6 + small.size() + 2);
  small.assign(small.size(), 'x');  // its own copy
  CHECK(gathered(out) == "set k " + std::string(large - 1, 's') + "\r\n");
}

TEST_CASE("large values go out from where they lie", "[gather]") {
  gather out;
  const std::string value(large, 'v');
  append_text(out, "set k ");
  out.append_value(value);
  append_text(out, "\r\n");
  std::array<gather::piece, 4> pieces;
  REQUIRE(out.pieces(pieces) == 3);
  CHECK(pieces[1].data == value.data());
  CHECK(pieces[1].size == value.size());
  CHECK(out.size() == 6 + value.size() + 2);
  CHECK(gathered(out) == "set k " + value + "\r\n");
  CHECK(out.empty());
}

TEST_CASE("values that follow one another need no text between", "[gather]") {
  gather out;
  const std::string a(large, 'a'), b(large + 1, 'b');
  out.append_value(a);
  out.append_value(b);
  CHECK_FALSE(out.empty());
  std::array<gather::piece, 4> pieces;
  CHECK(out.pieces(pieces) == 2);
  CHECK(gathered(out) == a + b);
}

TEST_CASE("fewer places than pieces give the first of them", "[gather]") {
  gather out;
  const std::string a(large, 'a'), b(large, 'b');
  append_text(out, "1");
  out.append_value(a);
  append_text(out, "2");
  out.append_value(b);
  append_text(out, "3");
  std::array<gather::piece, 5> pieces;
  for (std::size_t places = 0; places <= 5; ++places) CHECK(out.pieces(std::span(pieces).first(places)) == places);
  CHECK(pieces[0].size == 1);
  CHECK(pieces[3].data == b.data());
  CHECK(*pieces[4].data == '3');
}

TEST_CASE("partial writes go on where they stopped", "[gather]") {
  const std::string a(large, 'a'), b(large + 7, 'b');
  const std::string whole = "one " + a + " two " + b + "\r\n";
  for (const std::size_t step :
       {1UL, 2UL, 3UL, 5UL, 100UL, large - 1, large, large + 1, large + 9, 2 * large, whole.size()}) {
    gather out;
    append_text(out, "one ");
    out.append_value(a);
    append_text(out, " two ");
    out.append_value(b);
    append_text(out, "\r\n");
    std::string seen;
    while (!out.empty()) {
      std::array<gather::piece, 8> pieces;
      const std::size_t count = out.pieces(pieces);
      std::string next;
      for (std::size_t i = 0; i < count; ++i) next.append(pieces[i].data, pieces[i].size);
      REQUIRE(next.size() == out.size());
      const std::size_t size = std::min(step, next.size());
      seen.append(next, 0, size);
      out.consume(size);
      REQUIRE(out.size() == whole.size() - seen.size());
    }
    CHECK(seen == whole);
  }
}

TEST_CASE("under steady traffic memory does not grow", "[gather]") {
  gather out;
  const std::string value(large, 'v');
  std::string put, seen;
  for (int round = 0; round < 2000; ++round) {
    const std::string line = "line " + std::to_string(round) + std::string(100, '.');
    append_text(out, line);
    put += line;
    if (round % 50 == 0) {
      out.append_value(value);
      put += value;
    }
    // There is always something left to write.
    std::array<gather::piece, 1> piece;
    while (out.size() > 300) {
      REQUIRE(out.pieces(piece) == 1);
      const std::size_t size = std::min<std::size_t>(piece[0].size, out.size() - 200);
      seen.append(piece[0].data, size);
      out.consume(size);
    }
  }
  CHECK(out.capacity() <= 8 * 1024);
  CHECK(seen + gathered(out) == put);
}

TEST_CASE("a burst's memory is given back, when nothing of it is to be written any more", "[gather]") {
  gather out;
  append_text(out, std::string(100'000, 'x'));
  CHECK(out.capacity() >= 100'000);
  out.trim();
  CHECK(out.size() == 100'000);
  out.consume(100'000);
  CHECK(out.empty());
  CHECK(out.capacity() >= 100'000);  // there may be more of it
  out.trim();
  CHECK(out.capacity() == 0);
  append_text(out, std::string(100'000, 'x'));
  out.clear();
  CHECK(out.empty());
  CHECK(out.size() == 0);
  out.trim();
  CHECK(out.capacity() == 0);
  append_text(out, "small");
  CHECK(gathered(out) == "small");
  out.trim();
  CHECK(out.capacity() != 0);  // and a little is kept
}

TEST_CASE("an adopted value outlives its owner", "[gather]") {
  const std::string before(large, 'b');
  auto value = std::make_unique<std::string>(2 * large, 'v');
  const std::string whole = "1" + before + "2" + *value + "3";
  for (const std::size_t written : {std::size_t{0}, std::size_t{1}, 1 + large, 2 + large, 3 + large, 1 + 3 * large}) {
    gather out;
    value = std::make_unique<std::string>(2 * large, 'v');
    append_text(out, "1");
    out.append_value(before);
    append_text(out, "2");
    out.append_value(*value);
    append_text(out, "3");
    out.consume(written);
    out.adopt(*value);
    CHECK(out.size() == whole.size() - written);
    value->assign(value->size(), 'X');
    value.reset();
    // Text that comes later moves what is copied together, and leaves what is adopted.
    append_text(out, std::string(10'000, '4'));
    CHECK(gathered(out) == whole.substr(written) + std::string(10'000, '4'));
  }
}

TEST_CASE("of what others own nothing is copied", "[gather]") {
  gather out;
  const std::string a(large, 'a'), b(large, 'b');
  out.append_value(a);
  out.append_value(b);
  out.adopt(a);
  std::array<gather::piece, 2> pieces;
  REQUIRE(out.pieces(pieces) == 2);
  CHECK(pieces[0].data != a.data());
  CHECK(pieces[1].data == b.data());
}

TEST_CASE("a value that is stored twice is adopted in both places", "[gather]") {
  gather out;
  std::string value(large + 5, 'v');
  const std::string whole = value + "|" + value;
  out.append_value(value);
  append_text(out, "|");
  out.append_value(value);
  out.consume(100);
  out.adopt(value);
  value.assign(value.size(), 'X');
  CHECK(gathered(out) == whole.substr(100));
}

TEST_CASE("what is adopted already, written, or small, adopting leaves alone", "[gather]") {
  gather out;
  std::string value(large, 'v'), small = "small";
  out.adopt(value);
  CHECK(out.empty());
  out.append_value(small);
  out.append_value(value);
  out.adopt(small);
  out.adopt(value);
  value.assign(value.size(), 'X');
  out.adopt(value);
  CHECK(gathered(out) == "small" + std::string(large, 'v'));
  out.adopt(value);
  CHECK(out.empty());
}
