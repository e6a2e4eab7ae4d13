#include "session/session.hpp"

#include <catch2/catch.hpp>

#include "exchanges.hpp"

using namespace cmemcache;
using namespace cmemcache::test;

namespace {

// Where a long value's bytes are alike, one place in seventeen is as good as every place.
std::size_t next_place(std::size_t at, std::size_t size) {
  return at + (size > 2000 && at > 300 && at + 300 < size ? 17 : 1);
}

void check(const exchange& e, const pace& p) {
  conversation c(e);
  c.play(p);
  if (const std::string wrong = c.judge_whole(); !wrong.empty())
    FAIL(e.name << ": " << wrong << " [write " << p.write << ", read " << p.read << ", cut " << p.cut << "]");
}

}  // namespace

TEST_CASE("every exchange goes as written", "[session]") {
  for (const exchange& e : all_exchanges()) {
    check(e, {});
    SUCCEED(e.name);
  }
}

TEST_CASE("replies may be cut in two anywhere", "[session]") {
  for (const exchange& e : all_exchanges()) {
    const std::size_t size = e.replied().size();
    for (std::size_t at = 1; at < size; at = next_place(at, size)) check(e, {.cut = at});
    SUCCEED(e.name);
  }
}

TEST_CASE("replies may come in pieces of any size", "[session]") {
  for (const exchange& e : all_exchanges()) {
    for (const std::size_t size : {1, 2, 3, 4, 5, 7, 11, 16, 29, 64, 1000, 4096}) check(e, {.read = size});
    SUCCEED(e.name);
  }
}

TEST_CASE("requests may be written in pieces of any size", "[session]") {
  for (const exchange& e : all_exchanges()) {
    const std::size_t size = e.written().size();
    for (std::size_t piece = 1; piece <= size; piece = next_place(piece, size)) check(e, {.write = piece});
    SUCCEED(e.name);
  }
}

TEST_CASE("reading and writing in pieces go on together", "[session]") {
  for (const exchange& e : all_exchanges()) {
    for (const std::size_t write : {1, 3, 10, 50})
      for (const std::size_t read : {1, 2, 9, 40}) check(e, {.write = write, .read = read});
    SUCCEED(e.name);
  }
}
