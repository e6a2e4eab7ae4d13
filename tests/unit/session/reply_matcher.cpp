#include "session/reply_matcher.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace cmemcache;
using namespace cmemcache::session;

namespace {

struct request_of {
  explicit request_of(const std::vector<std::string>& keys, std::string_view prefix = {}) : names(keys) {
    for (const std::string& key : names) elements.push_back({.key = key});
    request.command.prefix = prefix;
    request.elements = elements;
  }

  // As the session does: matched, then answered.
  std::size_t match(std::string_view key) {
    const std::size_t index = match_key(request, key);
    if (index != no_element) elements[index].answered = true;
    return index;
  }

  std::vector<std::string> names;
  std::vector<protocol::element> elements;
  pending_request request;
};

}  // namespace

TEST_CASE("keys are matched in order, misses passed over", "[reply_matcher]") {
  request_of r({"a", "b", "c", "d"});
  CHECK(r.match("b") == 1);
  CHECK(r.match("d") == 3);
  CHECK(r.request.by_key == nullptr);  // order was enough
}

TEST_CASE("duplicates are matched one after another", "[reply_matcher]") {
  request_of r({"a", "b", "a", "a"});
  CHECK(r.match("a") == 0);
  CHECK(r.match("a") == 2);
  CHECK(r.match("a") == 3);
  CHECK(r.match("a") == no_element);
}

TEST_CASE("a key that was not asked is nobody's", "[reply_matcher]") {
  request_of one({"a"});
  CHECK(one.match("b") == no_element);
  CHECK(one.match("") == no_element);
  CHECK(one.match("aa") == no_element);
  CHECK(one.match("a") == 0);
  CHECK(one.match("a") == no_element);
  request_of many({"a", "b"});
  CHECK(many.match("x") == no_element);
  CHECK(many.match("b") == 1);
}

TEST_CASE("the prefix is part of the key on the wire", "[reply_matcher]") {
  request_of r({"a", "p:a"}, "p:");
  CHECK(r.match("a") == no_element);
  CHECK(r.match("p:") == no_element);
  CHECK(r.match("p:p:a") == 1);
  CHECK(r.match("p:a") == 0);
}

TEST_CASE("keys out of order are found by an index, each once", "[reply_matcher]") {
  request_of r({"a", "b", "a", "c", "b"});
  CHECK(r.match("c") == 3);
  CHECK(r.match("b") == 4);
  CHECK(r.match("b") == 1);
  CHECK(r.request.by_key != nullptr);
  const std::size_t first = r.match("a");
  const std::size_t second = r.match("a");
  CHECK(first + second == 2);
  CHECK(first != second);
  CHECK(r.match("a") == no_element);
  CHECK(r.match("c") == no_element);
}

TEST_CASE("an opaque names one element of its request, once", "[reply_matcher]") {
  request_of r({"a", "b", "c"});
  r.request.first_opaque = 10;
  CHECK(match_opaque(r.request, 10) == 0);
  CHECK(match_opaque(r.request, 12) == 2);
  CHECK(match_opaque(r.request, 13) == no_element);
  CHECK(match_opaque(r.request, 9) == no_element);
  r.elements[2].answered = true;
  CHECK(match_opaque(r.request, 12) == no_element);
}

TEST_CASE("opaques may pass over their largest number", "[reply_matcher]") {
  request_of r({"a", "b", "c"});
  r.request.first_opaque = 4294967295U;
  CHECK(match_opaque(r.request, 4294967295U) == 0);
  CHECK(match_opaque(r.request, 0) == 1);
  CHECK(match_opaque(r.request, 1) == 2);
  CHECK(match_opaque(r.request, 2) == no_element);
}
