// Connections that are lost under asynchronous calls, and servers that talk nonsense: nothing is stored twice, nobody gets
// another key's value, and the client comes back by itself.

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>

#include <cmemcache/client.hpp>

#include "support/broken_answers.hpp"
#include "support/memcached.hpp"
#include "support/outcome.hpp"
#include "support/peer.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using std::chrono::milliseconds;

namespace {

client_options quick(wire_protocol protocol = wire_protocol::text) {
  return {.timeout = milliseconds(1000), .dead_retry = milliseconds(100), .protocol = protocol};
}

// A scripted memcached: counts how often each key was stored, and has every key that does not begin with "no" as its
// own value.
class store {
 public:
  // Answers up to `requests`; what it answered. Ends when the client closes.
  std::string serve(peer::connection& c, int requests = 1 << 30, bool silently = false) {
    std::string all;
    while (requests-- > 0) {
      const std::string line = c.read_until("\r\n");
      if (line.empty()) break;
      const std::string reply = answer_to(line, c);
      all += reply;
      if (!silently) c.send(reply);
    }
    return all;
  }

  std::map<std::string, int> stored() {
    const std::lock_guard lock(mutex_);
    return stored_;
  }

 private:
  std::string answer_to(const std::string& line, peer::connection& c) {
    std::istringstream in(line);
    std::string verb, key, word;
    in >> verb;
    if (verb == "version") return "VERSION 1.6.18\r\n";
    if (verb == "mn") return "MN\r\n";
    std::string out;
    if (verb == "get") {
      while (in >> key)
        if (!key.starts_with("no")) out += "VALUE " + key + " 0 " + std::to_string(key.size()) + "\r\n" + key + "\r\n";
      return out + "END\r\n";
    }
    in >> key;
    std::size_t size = 0;
    if (verb == "set") in >> word >> word;
    in >> size;
    if (verb != "incr" && c.read(size + 2).size() < size + 2) return {};
    const std::lock_guard lock(mutex_);
    ++stored_[key];
    if (verb == "incr") return "1\r\n";
    if (verb == "set") return "STORED\r\n";
    bool quiet = false;
    out = "HD";
    while (in >> word) {
      if (word[0] == 'O') out += " " + word;
      quiet |= word == "q";
    }
    return quiet ? "" : out + "\r\n";
  }

  std::mutex mutex_;
  std::map<std::string, int> stored_;
};

}  // namespace

TEST_CASE("a connection that ends after any byte loses nothing and stores nothing twice", "[async][losses]") {
  const bool reset = GENERATE(false, true);
  const std::string whole = "VALUE a 0 1\r\na\r\nVALUE b 0 1\r\nb\r\nEND\r\nSTORED\r\nEND\r\n1\r\nVALUE a 0 1\r\na\r\nEND\r\n";
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    INFO("after " << n << " bytes, " << (reset ? "reset" : "closed"));
    store keys;
    peer server([&](peer::connection& c, int number) {
      if (number != 0) {
        keys.serve(c);
        return;
      }
      keys.serve(c, 1);
      std::string reply;
      CHECK(keys.serve(c, 5, true) == whole);
      c.send(whole.substr(0, n));
      if (reset) c.reset_on_close();
    });
    boost::asio::io_context io;
    client mc(io, {server.address()}, quick());
    answer first, got[6];
    mc.async_get("first", into(first));
    REQUIRE(finish(io) < 1 + late);
    REQUIRE(shown(first) == "hit first");
    mc.async_get("a", into(got[0]));
    mc.async_get("b", into(got[1]));
    mc.async_set("stored", "v", into(got[2]));
    mc.async_get("none", into(got[3]));
    mc.async_incr("counted", into(got[4]));
    mc.async_get("a", into(got[5]));
    REQUIRE(finish(io) < 1 + late);
    CHECK(shown(got[0]) == "hit a");
    CHECK(shown(got[1]) == "hit b");
    CHECK((shown(got[2]) == "stored" || got[2].ec == errc::in_doubt));
    CHECK(shown(got[3]) == "miss");
    CHECK((shown(got[4]) == "number 1" || got[4].ec == errc::in_doubt));
    CHECK(shown(got[5]) == "hit a");
    if (!reset) {
      const auto end_of = [&](const std::string& reply) { return whole.find(reply) + reply.size(); };
      CHECK((got[2].ec == errc::in_doubt) == (n < end_of("STORED\r\n")));
      CHECK((got[4].ec == errc::in_doubt) == (n < end_of("\r\n1\r\n")));
    }
    for (const auto& [key, times] : keys.stored()) CHECK(times == 1);
    CHECK_FALSE(mc.counters()[0].dead);
    CHECK(mc.counters()[0].in_flight == 0);
  }
}

TEST_CASE("a reset in the middle of a large value", "[async][losses]") {
  const std::string large(1024 * 1024, 'x');
  peer server([&](peer::connection& c, int number) {
    if (number == 0) {
      c.read_until("get first\r\n");
      c.send("END\r\n");
    }
    c.read_until("get large other\r\n");
    c.send("VALUE large 0 " + std::to_string(large.size()) + "\r\n");
    c.send(number == 0 ? large.substr(0, large.size() / 2) : large);
    if (number == 0) {
      std::this_thread::sleep_for(milliseconds(20));
      return c.reset_on_close();
    }
    c.send("\r\nVALUE other 0 5\r\nother\r\nEND\r\n");
    c.wait_for_close();
  });
  boost::asio::io_context io;
  client mc(io, {server.address()}, quick());
  answer first, got[2];
  mc.async_get("first", into(first));
  CHECK(finish(io) < 1 + late);
  mc.async_get("large", into(got[0]));
  mc.async_get("other", into(got[1]));
  CHECK(finish(io) < 1 + late);
  CHECK(got[0].got.value == large);
  CHECK(shown(got[1]) == "hit other");
}

TEST_CASE("a bulk store that loses its connection half way stores nothing twice", "[async][losses]") {
  const auto protocol = GENERATE(wire_protocol::text, wire_protocol::automatic);
  const int before_loss = GENERATE(0, 1, 100, 2000, 4000);
  const std::size_t in_flight = GENERATE(50, 16 * 1024);
  INFO(before_loss << " requests before the loss, " << in_flight << " in flight");
  store keys;
  peer server([&](peer::connection& c, int number) {
    if (number != 0) {
      keys.serve(c);
      return;
    }
    keys.serve(c, protocol == wire_protocol::text ? 1 : 2);
    keys.serve(c, before_loss);
  });
  boost::asio::io_context io;
  client_options options = quick(protocol);
  options.timeout = milliseconds(8000);
  options.max_in_flight = in_flight;
  client mc(io, {server.address()}, options);
  answer first;
  mc.async_get("first", into(first));
  CHECK(finish(io) < 1 + late);
  std::vector<std::string> names;
  for (int i = 0; i < 5000; ++i) names.push_back("key" + std::to_string(i));
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (const auto& name : names) pairs.emplace_back(name, "0123456789");
  answers stored;
  answer after;
  mc.async_set_multi(pairs, into(stored));
  mc.async_get("after", into(after));
  CHECK(finish(io) < 9);
  REQUIRE(stored.done());
  CHECK(shown(after) == "hit after");
  const auto times = keys.stored();
  std::size_t twice = 0, claimed = 0, unanswered = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto found = times.find(names[i]);
    const int n = found == times.end() ? 0 : found->second;
    twice += n > 1;
    claimed += stored.got[i].status == status::stored && n != 1;
    unanswered += stored.got[i].status == status::unanswered;
  }
  CHECK(twice == 0);
  CHECK(claimed == 0);
  CHECK(unanswered <= in_flight);  // what was not written goes out on the next connection
  CHECK((stored.ec == errc::in_doubt) == (unanswered != 0));
}

TEST_CASE("a bulk get that loses its connection half way is completed on the next", "[async][losses]") {
  const int lines = GENERATE(0, 1, 2);
  store keys;
  peer server([&](peer::connection& c, int number) { keys.serve(c, number == 0 ? lines + 1 : 1 << 30); });
  boost::asio::io_context io;
  client_options options = quick();
  options.timeout = milliseconds(8000);
  client mc(io, {server.address()}, options);
  answer first;
  mc.async_get("first", into(first));
  CHECK(finish(io) < 1 + late);
  std::vector<std::string> names;
  for (int i = 0; i < 30000; ++i) names.push_back("key" + std::to_string(i));
  const std::vector<std::string_view> views(names.begin(), names.end());
  answers got;
  mc.async_get_multi(views, into(got));
  CHECK(finish(io) < 9);
  std::size_t right = 0;
  for (std::size_t i = 0; i < names.size(); ++i) right += got.got[i].value == names[i];
  CHECK(right == names.size());
  CHECK_FALSE(got.ec);
}

TEST_CASE("nonsense is nobody's value", "[async][losses]") {
  broken_answer nonsense = GENERATE(from_range(broken_answers("nonsense")));
  SECTION("of the first of three") {}
  SECTION("among three") {
    const std::string among = GENERATE(
        as<std::string>{}, "VALUE asked 0 5\r\naskedVALUE b 0 1\r\nb\r\nEND\r\n",
        "VALUE b 0 1\r\nb\r\nVALUE b 0 1\r\nb\r\nEND\r\n", "VALUE b 0 1\r\nb\r\nEND\r\nEND\r\nEND\r\n",
        "END\r\nVALUE c 0 1\r\nc\r\nEND\r\n", "VALUE c 0 1\r\nc\r\nVALUE a 0 1\r\na\r\nEND\r\n");
    nonsense = {"among three: " + among, {}, {{"send", among}}};
  }
  INFO(nonsense.name);
  peer server([&](peer::connection& c, int number) {
    if (number != 0) return serve_gets(c);
    c.read_until("get asked b c\r\n");
    nonsense.play(c);
  });
  boost::asio::io_context io;
  client mc(io, {server.address()}, quick());
  answer got[3], after[3];
  const std::string names[] = {"asked", "b", "c"};
  for (int i = 0; i < 3; ++i) mc.async_get(names[i], into(got[i]));
  CHECK(finish(io) < 1 + late);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(got[i].done());
    if (got[i].got.status == status::hit) CHECK(got[i].got.value == names[i]);
    if (got[i].ec) CHECK(got[i].got.status == status::unanswered);
  }
  CHECK_FALSE(mc.counters()[0].dead);
  for (int i = 0; i < 3; ++i) mc.async_get(names[i], into(after[i]));
  CHECK(finish(io) < 1 + late);
  for (int i = 0; i < 3; ++i) CHECK(shown(after[i]) == "hit " + names[i]);
}

TEST_CASE("a server that closes at once is not hammered", "[async][losses]") {
  const auto protocol = GENERATE(wire_protocol::text, wire_protocol::automatic);
  peer server([](peer::connection&, int) {});
  boost::asio::io_context io;
  client mc(io, {server.address()}, quick(protocol));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  int completed = 0, good = 0;
  std::function<void()> next = [&] {
    mc.async_get("k", [&](error_code ec, reply) {
      ++completed;
      good += !ec;
      if (std::chrono::steady_clock::now() < end) next();
    });
  };
  for (int i = 0; i < 10; ++i) next();
  CHECK(finish(io) < 3 + late);
  CHECK(good == 0);
  CHECK(completed >= 10);
  CHECK(server.accepted() >= 3);
  CHECK(server.accepted() < 20);
}

TEST_CASE("what waits when the connections are closed is not forgotten", "[async][losses]") {
  std::atomic<bool> asked = false, go_on = false;
  peer server([&](peer::connection& c, int number) {
    if (number != 0) return;
    const std::string line = c.read_until("\r\n");
    asked = true;
    while (!go_on) std::this_thread::sleep_for(milliseconds(1));
    std::string reply;
    std::istringstream in(line);
    std::string key;
    for (in >> key; in >> key;) reply += "VALUE " + key + " 0 1\r\nv\r\n";
    c.send(reply + "END\r\n");
    c.wait_for_close();
  });
  boost::asio::io_context io;
  client_options options = quick();
  options.max_in_flight = 10;
  client mc(io, {server.address()}, options);
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) names.push_back("key" + std::to_string(i));
  const std::vector<std::string_view> views(names.begin(), names.end());
  answers got;
  mc.async_get_multi(views, into(got));
  while (!asked) io.run_for(milliseconds(5));
  mc.disconnect_all();
  io.run_for(milliseconds(20));
  go_on = true;
  CHECK(finish(io) < 1.5 + late);
  REQUIRE(got.done());
  CHECK(got.got[9].status == status::hit);
  CHECK(got.got[10].status == status::unanswered);
  // What the server closes it on is a reset when the request has come by then.
  CHECK((got.ec == errc::connection_closed || got.ec == boost::system::errc::connection_reset));
}

TEST_CASE("a server is restarted under load, and every value is its key's", "[async][losses]") {
  memcached server;
  boost::asio::io_context io;
  client mc(io, {server.address()}, quick(GENERATE(wire_protocol::automatic, wire_protocol::text)));
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, good = 0;
  std::function<void(int)> next = [&](int i) {
    const std::string key = "key" + std::to_string(i % 50);
    const auto done = [&, i, key](error_code ec, reply r) {
      if (!ec && r.status == status::hit) wrong += r.value != key + "-value";
      good += !ec;
      if (!stop) next(i + 1);
    };
    if (i % 3 == 0) mc.async_set(key, key + "-value", done);
    else mc.async_get(key, done);
  };
  for (int i = 0; i < 100; ++i) next(i);
  double took = 60;
  std::jthread runs([&] { took = finish(io, std::chrono::seconds(60)); });
  const struct stopped_before_joined {
    std::atomic<bool>& stop;
    ~stopped_before_joined() { stop = true; }
  } guard{stop};
  // A memcached lives as long as the thread that starts it, so that the restarts are here.
  for (int i = 0; i < 6; ++i) {
    const int before = good;
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (good < before + 1000 && std::chrono::steady_clock::now() < patience) std::this_thread::sleep_for(milliseconds(5));
    CHECK(good >= before + 1000);
    server.restart();
  }
  stop = true;
  runs.join();
  CHECK(took < 60);
  CHECK(wrong == 0);
  std::this_thread::sleep_for(milliseconds(120));
  answer stored, got;
  mc.async_set("k", "v", into(stored));  // which probes
  CHECK(finish(io) < 1 + late);
  mc.async_get("k", into(got));
  CHECK(finish(io) < 1 + late);
  CHECK(shown(stored) == "stored");
  CHECK(shown(got) == "hit v");
  CHECK(mc.counters()[0].in_flight == 0);
}

TEST_CASE("a server that comes back is flushed once", "[async][losses]") {
  std::atomic<int> flushed = 0;
  std::atomic<bool> silent = true;
  peer server([&](peer::connection& c, int) {
    if (silent) return c.wait_for_close();
    bool stores = false;
    for (std::string line = c.read_until("\r\n"); !line.empty(); line = c.read_until("\r\n")) {
      if (line.starts_with("version")) c.send("VERSION 1.6.18\r\n");
      else if (line.starts_with("flush_all")) ++flushed, c.send("OK\r\n");
      else if (line.starts_with("mn") && !stores) c.send("MN\r\n");
      else if (line.starts_with("mn")) c.send("SERVER_ERROR out of memory storing object\r\nMN\r\n");
      else if (stores = true, c.read_until("\r\n"); !line.ends_with(" q\r\n")) c.send("HD " + line.substr(line.find('O')));
    }
  }, peer::service::at_once);
  boost::asio::io_context io;
  client_options options = quick(wire_protocol::automatic);
  options.timeout = milliseconds(400);
  options.flush_on_reconnect = true;
  client mc(io, {server.address()}, options);
  answer lost;
  mc.async_get("k", into(lost));
  CHECK(finish(io) < 1 + late);
  CHECK(lost.ec == errc::timed_out);
  silent = false;
  std::this_thread::sleep_for(milliseconds(120));
  const std::pair<std::string_view, std::string_view> pairs[] = {{"a", "1"}, {"b", "2"}};
  answers stored;
  mc.async_set_multi(pairs, into(stored));
  CHECK(finish(io) < 1 + late);
  CHECK_FALSE(stored.ec);
  CHECK(flushed == 1);
}

TEST_CASE("a small value comes in the place of a large one that was lost half way", "[async][losses]") {
  const std::string large(5000, 'l');
  peer server([&](peer::connection& c, int number) {
    const std::string line = c.read_until("\r\n");
    if (number == 0) {
      c.send("VALUE warm 0 1\r\nw\r\nEND\r\n");
      c.read_until("\r\n");
      return c.send("VALUE k 0 5000\r\n" + large.substr(0, 3000));
    }
    c.send("VALUE k 0 5\r\nsmall\r\nEND\r\n");
    c.wait_for_close();
  });
  boost::asio::io_context io;
  client mc(io, {server.address()}, quick());
  answer warm, k;
  mc.async_get("warm", into(warm));
  finish(io);
  mc.async_get("k", into(k));
  finish(io);
  CHECK(warm.got.value == "w");
  CHECK(k.got.value == "small");
}
