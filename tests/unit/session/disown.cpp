// Whoever waited for a request has left, and the request is under way: its memory is not touched any more, and the
// connection goes on.

#include "session/session.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

#include "support/desk.hpp"

using namespace cmemcache;
using namespace cmemcache::test;

namespace {

// What stays of a request when its owner leaves: the node, the keys, and a sink that swallows. Values and places are
// the owner's, and go with them.
struct left_behind final : session::reply_sink {
  left_behind(verb op, std::vector<std::pair<std::string, std::string>> asked) : keys(std::move(asked)) {
    for (auto& [key, value] : keys) {
      values.push_back(std::make_unique<std::string>(value));
      elements.push_back({.key = key, .value = *values.back(), .slot = static_cast<std::uint32_t>(elements.size())});
    }
    answers.resize(elements.size());
    places.resize(elements.size());
    request.command = {.op = op};
    request.elements = elements;
    request.sink = this;
  }

  char* place(std::uint32_t slot, std::size_t size) noexcept override {
    places[slot] = std::make_unique<char[]>(size);
    return places[slot].get();
  }
  void filed(std::uint32_t slot, const item& answer) noexcept override {
    answers[slot] = {.status = answer.status, .number = answer.number};
    if (places[slot] != nullptr) answers[slot].value = answer.value;
  }
  void refused(std::uint32_t slot, error_code why, std::string_view) noexcept override { answers[slot].refused = why; }
  void stat(std::string_view, std::string_view) override {}

  // The owner of these elements leaves; a sanitizer watches over what was theirs.
  void leave(session::session& s, std::size_t first, std::size_t count) {
    s.disown(request, first, count);
    for (std::size_t i = first; i < first + count; ++i) {
      values[i]->assign(values[i]->size(), 'X');
      values[i].reset();
      places[i].reset();
    }
  }

  std::vector<std::pair<std::string, std::string>> keys;
  std::vector<std::unique_ptr<std::string>> values;
  std::vector<std::unique_ptr<char[]>> places;
  std::vector<answer> answers;
  std::vector<protocol::element> elements;
  session::pending_request request;
};

constexpr std::size_t large = 3 * protocol::gather::reference_threshold;

// The connection's next request has its own answer.
void check_next(desk& d) {
  const auto next = d.ask(get_of({"next"}));
  CHECK(d.write().ends_with("get next\r\n"));
  CHECK_FALSE(d.read("VALUE next 3 4\r\nmine\r\nEND\r\n"));
  CHECK(next->finished == 1);
  CHECK(next->answers[0] == hit("mine", 3));
  CHECK(d.session.idle());
}

}  // namespace

TEST_CASE("of a store that its owner left every byte is written", "[disown]") {
  for (const std::size_t written : {std::size_t{0}, std::size_t{1}, std::size_t{30}, large, large + 25}) {
    INFO(written);
    desk d;
    left_behind store(verb::set, {{"alpha", std::string(large, 'a')}});
    const std::string bytes = "set alpha 0 0 " + std::to_string(large) + "\r\n" + std::string(large, 'a') + "\r\n";
    d.session.submit(store.request);
    d.session.output({});
    std::string seen = written == 0 ? "" : d.write(written);
    store.leave(d.session, 0, 1);
    seen += d.write();
    CHECK(seen == bytes);
    REQUIRE_FALSE(d.read("STORED\r\n"));
    CHECK(store.request.done);
    CHECK(store.answers[0].status == status::stored);
    check_next(d);
  }
}

TEST_CASE("a store that is refused early, and left, is still written to its end", "[disown]") {
  desk d;
  left_behind store(verb::set, {{"alpha", std::string(large, 'a')}});
  d.session.submit(store.request);
  d.write(5000);
  REQUIRE_FALSE(d.read("SERVER_ERROR object too large for cache\r\n"));
  CHECK_FALSE(store.request.done);
  store.leave(d.session, 0, 1);
  CHECK(d.write().find('X') == std::string::npos);
  CHECK(store.request.done);
  check_next(d);
}

TEST_CASE("one of many values is left, the others go out from where they lie", "[disown]") {
  desk d({.protocol = wire_protocol::automatic});
  d.greet();
  left_behind store(verb::set, {{"alpha", std::string(large, 'a')}, {"bravo", std::string(large, 'b')},
                                {"charlie", std::string(large, 'c')}});
  d.session.submit(store.request);
  d.write(100);
  store.leave(d.session, 1, 1);
  const std::string rest = d.write();
  CHECK(rest.find('X') == std::string::npos);
  for (const char letter : {'b', 'c'}) CHECK(rest.find(std::string(large, letter)) != std::string::npos);
  REQUIRE_FALSE(d.read("MN\r\n"));
  CHECK(store.request.done);
  for (const answer& a : store.answers) CHECK(a.status == status::stored);
  check_next(d);
}

TEST_CASE("a value that arrives for one who left goes nowhere", "[disown]") {
  const std::string value(large, 'v');
  const std::string header = "VALUE alpha 0 " + std::to_string(large) + "\r\n";
  const std::string whole = header + value + "\r\nEND\r\n";
  for (const std::size_t received : {header.size(), header.size() + 1, header.size() + 4000, header.size() + large,
                                     header.size() + large + 1, header.size() + large + 2, whole.size() - 1}) {
    INFO(received);
    desk d;
    left_behind get(verb::get, {{"alpha", ""}});
    d.session.submit(get.request);
    d.write();
    REQUIRE_FALSE(d.read(whole.substr(0, received)));
    get.leave(d.session, 0, 1);
    REQUIRE_FALSE(d.read(whole.substr(received)));
    CHECK(get.request.done);
    CHECK(get.answers[0].status == status::hit);
    check_next(d);
  }
}

TEST_CASE("a value that is announced when its owner has left is the sink's to place", "[disown]") {
  desk d;
  left_behind get(verb::get, {{"alpha", ""}});
  d.session.submit(get.request);
  d.write();
  get.leave(d.session, 0, 1);
  REQUIRE_FALSE(d.read("VALUE alpha 0 5000\r\n" + std::string(5000, 'v') + "\r\nEND\r\n"));
  CHECK(get.answers[0].value.size() == 5000);
  check_next(d);
}

TEST_CASE("of keys that share a line each may be left alone", "[disown]") {
  const std::string a(5000, 'a'), b(6000, 'b');
  for (const std::size_t leaving : {0u, 1u}) {
    INFO(leaving);
    desk d;
    left_behind get(verb::get, {{"alpha", ""}, {"bravo", ""}});
    d.session.submit(get.request);
    d.write();
    REQUIRE_FALSE(d.read("VALUE alpha 0 5000\r\n" + a.substr(0, 2000)));
    get.leave(d.session, leaving, 1);
    REQUIRE_FALSE(d.read(a.substr(2000) + "\r\nVALUE bravo 0 6000\r\n" + b + "\r\nEND\r\n"));
    if (leaving == 0) CHECK(get.answers[1].value == b);
    else CHECK(get.answers[0].value == a);
    CHECK(get.request.done);
    check_next(d);
  }
}

TEST_CASE("a request behind the one whose value arrives is left without disturbing it", "[disown]") {
  desk d;
  left_behind first(verb::get, {{"alpha", ""}}), second(verb::get, {{"alpha", ""}});
  d.session.submit(first.request);
  d.session.submit(second.request);
  d.write();
  REQUIRE_FALSE(d.read("VALUE alpha 0 5000\r\n" + std::string(100, 'v')));
  second.leave(d.session, 0, 1);
  REQUIRE_FALSE(d.read(std::string(4900, 'v') + "\r\nEND\r\nEND\r\n"));
  CHECK(first.answers[0].value == std::string(5000, 'v'));
  CHECK(second.answers[0].status == status::miss);
  check_next(d);
}

TEST_CASE("a number that arrives for one who left is read all the same", "[disown]") {
  desk d({.protocol = wire_protocol::automatic});
  d.greet();
  left_behind incr(verb::incr, {{"alpha", ""}});
  d.session.submit(incr.request);
  d.write();
  REQUIRE_FALSE(d.read("VA 2 O1\r\n1"));
  incr.leave(d.session, 0, 1);
  REQUIRE_FALSE(d.read("0\r\n"));
  CHECK(incr.answers[0].number == 10);
  check_next(d);
}

TEST_CASE("a connection lost after its owner left touches nothing of theirs", "[disown]") {
  desk d;
  left_behind store(verb::set, {{"alpha", std::string(large, 'a')}}), get(verb::get, {{"bravo", ""}});
  d.session.submit(get.request);
  d.session.submit(store.request);
  d.write(100);
  REQUIRE_FALSE(d.read("VALUE bravo 0 5000\r\nv"));
  get.leave(d.session, 0, 1);
  store.leave(d.session, 0, 1);
  CHECK(d.read(std::string(5001, 'w')) == errc::protocol_error);
  CHECK(get.request.result == errc::protocol_error);
  CHECK(store.request.result == errc::protocol_error);
}
