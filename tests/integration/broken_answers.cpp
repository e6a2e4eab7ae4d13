// What a broken server answers is nobody's value, and whoever asks next is answered: in every calling style.

#include "support/broken_answers.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/calling_styles.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using std::chrono::milliseconds;

namespace {

// Answers the first question of the first connection, breaks the answer to the second, and is whole on all others.
class broken_server {
 public:
  explicit broken_server(const broken_answer& answer)
      : peer_(
            [answer](peer::connection& c, int number) {
              if (number != 0) return serve_gets(c);
              c.read_until("\r\n");
              c.send("VALUE first 0 5\r\nfirst\r\nEND\r\n");
              c.read_until("\r\n");
              answer.play(c);
            },
            peer::service::at_once) {}

  std::string address() const { return peer_.address(); }

 private:
  peer peer_;
};

client_options options_for(const broken_answer& answer) {
  // The others need no deadline.
  return {.timeout = milliseconds(answer.group == "silence" || answer.group == "later" ? 100 : 3000),
          .dead_retry = milliseconds(0),
          .protocol = wire_protocol::text};
}

std::string get(calling_style& mc, const std::string& key) {
  const auto [ec, got] = mc.one({.op = verb::get, .key = key});
  return ec ? ec.message() : got.status == status::hit ? got.value : std::string(to_string(got.status));
}

// Everybody is answered again: at once, or, where the server says nothing, after a call that waits for it in vain.
void check_recovered(calling_style& mc, const broken_answer& answer) {
  if (answer.group == "later") std::this_thread::sleep_for(milliseconds(30));
  std::string next = get(mc, "next");
  if (answer.group == "silence" && next == "timed out") next = get(mc, "next");
  CHECK(next == "next");
  for (const std::string key : {"asked", "next", "first"}) CHECK(get(mc, key) == key);
}

// Whether the group allows for this outcome of asking for `asked`.
bool fits(const broken_answer& answer, const error_code& ec, status got) {
  if (answer.group == "nonsense") return ec == errc::protocol_error;
  if (answer.group == "silence") return ec == errc::timed_out || got == status::hit;
  if (answer.group == "refusal") return ec.failed();
  if (answer.group == "loss") return ec || got == status::hit;
  const bool miss = answer.name.starts_with("a miss");
  return ec || got == (miss ? status::miss : status::hit);
}

}  // namespace

TEST_CASE("a broken answer to a get is nobody's value", "[faults][broken_answers]") {
  const style how = GENERATE(from_range(every_style()));
  for (const broken_answer& answer : broken_answers()) {
    INFO(answer.name << ", " << how.name);
    broken_server server(answer);
    const auto mc = how.make({server.address()}, options_for(answer));
    CHECK(get(*mc, "first") == "first");
    const auto [ec, got] = mc->one({.op = verb::get, .key = "asked"});
    INFO("asked: " << ec.message() << ", " << to_string(got.status));
    CHECK(fits(answer, ec, got.status));
    if (got.status == status::hit) CHECK(got.value == "asked");
    check_recovered(*mc, answer);
  }
}

TEST_CASE("a broken answer to a get of several is nobody's value", "[faults][broken_answers]") {
  const style how = GENERATE(from_range(std::vector{blocking_styles().front(), async_styles().front()}));
  for (const broken_answer& answer : broken_answers()) {
    INFO(answer.name << ", " << how.name);
    broken_server server(answer);
    const auto mc = how.make({server.address()}, options_for(answer));
    CHECK(get(*mc, "first") == "first");
    const std::vector<std::string_view> keys = {"asked", "second", "third"};
    const auto [ec, got] = mc->get_multi(keys);
    for (std::size_t i = 0; i < got.size(); ++i)
      if (got[i].status == status::hit) CHECK(got[i].value == keys[i]);
    check_recovered(*mc, answer);
  }
}
