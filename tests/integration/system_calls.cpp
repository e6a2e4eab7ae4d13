// Every system call of the library's own fails once in every way that it can: what is harmless is not noticed, and what is
// not costs an error, never a wrong answer.

#include <catch2/catch.hpp>

#include <cerrno>
#include <string>
#include <vector>

#include <cmemcache/blocking_client.hpp>
#include <cmemcache/client.hpp>

#include "support/in_every_style.hpp"
#include "support/outcome.hpp"
#include "support/story.hpp"
#include "support/system_calls.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using system_calls::call;
using system_calls::fault;
using system_calls::watched;
using std::chrono::seconds;

namespace {

constexpr auto one_byte = fault::effect::one_byte;
constexpr auto end_of_stream = fault::effect::end_of_stream;

// Those whose calls are made in this thread.
std::vector<style> styles_of_this_thread(transport over) {
  std::vector<style> some;
  for (style& s : every_style())
    if (s.name == "blocking, error_code" || s.name == "callback" ||
        (over == transport::tcp && (s.name.starts_with("blocking") || s.name == "use_awaitable")))
      some.push_back(std::move(s));
  return some;
}

// A client of its own, with keys of its own.
struct told {
  told(const style& by, transport over, std::size_t large_value) : large(large_value) {
    client_options options{.timeout = seconds(10), .dead_retry = seconds(0), .key_prefix = unused_prefix()};
    if (over == transport::tls) options.tls = trusting_our_ca();
    mc = by.make({shared_server(over).address()}, options);
  }

  static std::string unused_prefix() {
    static int runs = 0;
    return "s" + std::to_string(++runs) + ":";
  }

  story tell() {
    story s(*mc, "story" + std::to_string(++stories) + ":", large);
    s.tell();
    return s;
  }

  const std::size_t large;
  int stories = 0;
  std::unique_ptr<calling_style> mc;
};

// The story without any fault: the answers, and the calls that it takes.
struct plain_run {
  plain_run(const style& by, transport over, std::size_t large) {
    const std::string started = shared_server(over).address();  // which makes calls of its own
    watched calls;
    told t(by, over, large);
    const story s = t.tell();
    REQUIRE(s.complaints() == "");
    answers = s.answers();
    made = calls.made();
    for (const call c : {call::socket, call::connect, call::send, call::recv}) REQUIRE(calls.made(c) > 0);
    REQUIRE(calls.made(call::socket) == 1);
  }

  std::vector<std::string> answers;
  std::vector<call> made;
};

// What a kernel may say on any day. (A recv that does not wait, as the peek does, is never interrupted.)
const std::vector<fault> harmless_faults = {
    {.name = "EINTR", .calls = {call::connect, call::send, call::recv, call::poll}, .error = EINTR},
    {.name = "EAGAIN", .calls = {call::send, call::recv}, .error = EAGAIN},
    {.name = "one byte", .calls = {call::send, call::recv}, .what = one_byte}};

const std::vector<fault> fatal_faults = {
    {.name = "ECONNRESET", .calls = {call::send, call::recv, call::peek}, .error = ECONNRESET},
    {.name = "EPIPE", .calls = {call::send}, .error = EPIPE},
    {.name = "ETIMEDOUT", .calls = {call::connect, call::send, call::recv}, .error = ETIMEDOUT},
    {.name = "ENOBUFS", .calls = {call::socket, call::connect, call::getsockopt, call::setsockopt, call::fcntl, call::send,
                                  call::recv}, .error = ENOBUFS},
    {.name = "ENOMEM", .calls = {call::socket, call::fcntl, call::recv, call::poll}, .error = ENOMEM},
    {.name = "ECONNREFUSED", .calls = {call::connect}, .error = ECONNREFUSED},
    {.name = "EMFILE", .calls = {call::socket}, .error = EMFILE},
    {.name = "end of stream", .calls = {call::recv, call::peek}, .what = end_of_stream}};

}  // namespace

TEST_CASE("a call that is interrupted, put off or cut short once changes no answer", "[system_calls]") {
  const transport over = GENERATE(transport::tcp, transport::tls);
  const style by = GENERATE_COPY(from_range(styles_of_this_thread(over)));
  const plain_run plain(by, over, 300'000);
  std::size_t spoilt = 0;
  for (const fault& f : harmless_faults)
    for (std::size_t n = 0; n < plain.made.size(); ++n) {
      if (!f.is_about(plain.made[n])) continue;
      told t(by, over, 300'000);
      watched calls;
      calls.fail_at(n, f);
      const story s = t.tell();
      INFO(by.name << ": call " << n << " says " << f.name);
      CHECK(s.complaints() == "");
      CHECK(s.answers() == plain.answers);
      CHECK(calls.made(call::socket) == 1);
      spoilt += calls.spoilt();
    }
  CHECK(spoilt > 2 * plain.answers.size());
}

TEST_CASE("calls that are interrupted, put off or cut short again and again change no answer", "[system_calls]") {
  const transport over = GENERATE(transport::tcp, transport::tls);
  const style by = GENERATE_COPY(from_range(styles_of_this_thread(over)));
  const std::vector<fault>& f = harmless_faults;
  const fault sent_bytewise{.name = "send one byte", .calls = {call::send}, .what = one_byte};
  const fault received_bytewise{.name = "recv one byte", .calls = {call::recv}, .what = one_byte};
  const std::vector<std::vector<fault>> turns = {
      {sent_bytewise}, {received_bytewise}, {f[2]}, {sent_bytewise, f[1]}, {f[2], f[1]}, {f[1], {}}, {f[0], {}},
      {f[0], f[1], f[2]}};
  const plain_run plain(by, over, 20'000);
  for (const std::vector<fault>& in_turn : turns) {
    told t(by, over, 20'000);
    watched calls;
    calls.fail_always(in_turn);
    const story s = t.tell();
    std::string names;
    for (const fault& one : in_turn) names += one.name + ", ";
    INFO(by.name << ": in turn " << names);
    CHECK(s.complaints() == "");
    CHECK(s.answers() == plain.answers);
    CHECK(calls.made(call::socket) == 1);
    CHECK(calls.spoilt() > plain.answers.size() / 2);
  }
}

TEST_CASE("a call that fails costs an error at the most, and the client goes on", "[system_calls]") {
  const transport over = GENERATE(transport::tcp, transport::tls);
  const style by = GENERATE_COPY(from_range(styles_of_this_thread(over)));
  const plain_run plain(by, over, 300'000);
  std::size_t spoilt = 0;
  for (const fault& f : fatal_faults)
    for (std::size_t n = 0; n < plain.made.size(); ++n) {
      if (!f.is_about(plain.made[n])) continue;
      told t(by, over, 300'000);
      INFO(by.name << ": call " << n << " says " << f.name);
      {
        watched calls;
        calls.fail_at(n, f);
        CHECK(t.tell().complaints() == "");
        spoilt += calls.spoilt();
      }
      const story after = t.tell();
      CHECK(after.complaints() == "");
      CHECK(after.answers() == plain.answers);
    }
  CHECK(spoilt > 3 * plain.answers.size());
}

TEST_CASE("without descriptors a call fails, and no server is blamed", "[system_calls]") {
  const int error = GENERATE(EMFILE, ENFILE);
  const fault no_descriptor{.name = "no descriptor", .calls = {call::socket}, .error = error};
  const error_code expected(error, boost::system::system_category());
  SECTION("blocking") {
    blocking_client mc({shared_server(transport::tcp).address()});
    error_code ec;
    {
      watched calls;
      calls.fail_always({no_descriptor});
      mc.get("k", ec);
    }
    CHECK(ec == expected);
    CHECK_FALSE(mc.counters()[0].dead);
    CHECK(mc.set("k", "v").status == status::stored);
  }
  SECTION("asynchronous") {
    boost::asio::io_context io;
    client mc(io, {shared_server(transport::tcp).address()});
    answer failed, later;
    {
      watched calls;
      calls.fail_always({no_descriptor});
      mc.async_get("k", into(failed));
      finish(io);
    }
    CHECK(failed.ec == expected);
    CHECK_FALSE(mc.counters()[0].dead);
    mc.async_set("k", "v", into(later));
    finish(io);
    CHECK(shown(later) == "stored");
  }
}
