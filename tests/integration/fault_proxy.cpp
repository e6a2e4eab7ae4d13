// The fault proxy of the tests, on the wire: without a fault nobody can tell that it is there, and each fault is what its
// name says.

#include "support/fault_proxy.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/memcached.hpp"

using namespace cmemcache::test;
using std::chrono::milliseconds;
using kind = fault::kind;

namespace {

constexpr int soon = 5000, a_moment = 60;  // ms

// A client's end of a connection, that says whatever it is told.
class wire {
 public:
  explicit wire(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == ECONNREFUSED)
      error = errno;
  }
  ~wire() { ::close(fd_); }
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  // Whether the connection is there within `patience` ms.
  bool connected(int patience) {
    pollfd polled{fd_, POLLOUT, 0};
    socklen_t size = sizeof error;
    return ::poll(&polled, 1, patience) == 1 && ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }

  void send(std::string_view bytes) {
    connected(soon);
    while (!bytes.empty()) {
      pollfd polled{fd_, POLLOUT, 0};
      ::poll(&polled, 1, soon);
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // `size` bytes, or what comes before the connection ends, or nothing does for `patience` ms.
  std::string read(std::size_t size, int patience = soon) {
    std::string got;
    std::vector<char> buffer(1 << 20);
    while (got.size() < size) {
      pollfd polled{fd_, POLLIN, 0};
      if (::poll(&polled, 1, patience) != 1) break;
      const ssize_t n = ::recv(fd_, buffer.data(), std::min(buffer.size(), size - got.size()), 0);
      ended |= n <= 0;
      if (n < 0) error = errno;
      if (n <= 0) break;
      ++reads;
      got.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return got;
  }

  // Everything that comes.
  std::string read_all(int patience = a_moment) { return read(1 << 30, patience); }

  std::string ask(std::string_view request, std::size_t size) {
    send(request);
    return read(size);
  }

  bool ended = false;
  int error = 0;
  int reads = 0;

 private:
  int fd_;
};

double seconds_of(auto&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string set(const std::string& key, const std::string& value) {
  return "set " + key + " 0 0 " + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}

std::string hit(const std::string& key, const std::string& value) {
  return "VALUE " + key + " 0 " + std::to_string(value.size()) + "\r\n" + value + "\r\nEND\r\n";
}

// A memcached that holds k=0123456789 and l=other, and the proxy in front of it.
struct room {
  memcached server{{"-I", "4m"}};
  fault_proxy proxy{server.port()};
  const std::string k = hit("k", "0123456789"), l = hit("l", "other");

  room() {
    const std::string stored = wire(server.port()).ask(set("k", "0123456789") + set("l", "other"), 16);
    REQUIRE(stored == "STORED\r\nSTORED\r\n");
  }
};

}  // namespace

TEST_CASE("the fault proxy passes any value as it is", "[fault_proxy]") {
  room r;
  wire through(r.proxy.port());
  // Replies are kept back until they are whole while a fault is in force, if it meets none of them.
  if (GENERATE(false, true)) r.proxy.set({.what = kind::garbage, .every = 1'000'000});
  for (const std::string& value :
       {std::string(), std::string("x"), std::string("\r\nEND\r\n"), std::string("VALUE x 0 10\r\n"),
        std::string("END\r\n\r\n"),
        std::string("\n\n\r\r\n"), std::string("HD\r\nVA 100 \r\n"), std::string(4096, '\0'), std::string(65536, '\n'),
        std::string(2'000'000, 'x')}) {
    INFO(value.substr(0, 20) << " (" << value.size() << ")");
    CHECK(through.ask(set("v", value), 8) == "STORED\r\n");
    const std::string classic = hit("v", value), meta = "VA " + std::to_string(value.size()) + " O7\r\n" + value + "\r\n";
    CHECK((through.ask("get v\r\n", classic.size()) == classic));
    CHECK((through.ask("mg v v O7\r\n", meta.size()) == meta));
    const std::string many = classic.substr(0, classic.size() - 5) + r.k + "EN\r\n" + meta + "MN\r\n";
    CHECK((through.ask("get v none k\r\nmg none v\r\nmg v v O7\r\nmn\r\n", many.size()) == many));
  }
  CHECK(r.proxy.stats().replies == 10 * 7);
  CHECK(r.proxy.stats().faults == 0);
  CHECK(r.proxy.stats().connections == 1);
  through.send("stats\r\nversion\r\nquit\r\n");
  const std::string rest = through.read_all(soon);
  CHECK(rest.starts_with("STAT "));
  CHECK(rest.find("END\r\nVERSION ") != rest.npos);
  CHECK(through.ended);
  CHECK(r.proxy.stats().replies == 10 * 7 + 2);
}

TEST_CASE("faults of the reply's bytes", "[fault_proxy]") {
  struct spoilt {
    kind what;
    std::string ask, answer;
  };
  const auto [what, ask, answer] = GENERATE(values<spoilt>({
      {kind::wrong_key, "get k\r\n", "VALUE stranger 0 10\r\n0123456789\r\nEND\r\n"},
      {kind::wrong_key, "mg k v O5 k\r\n", "VA 10 O4294967290 kk\r\n0123456789\r\n"},
      {kind::wrong_key, "mg k k\r\n", "HD kstranger\r\n"},
      {kind::wrong_key, "mg none\r\n", "EN\r\n"},
      {kind::huge_length, "get k\r\n", "VALUE k 0 1099511627776\r\n0123456789\r\nEND\r\n"},
      {kind::huge_length, "mg k v O5\r\n", "VA 1099511627776 O5\r\n0123456789\r\n"},
      {kind::negative_length, "get k\r\n", "VALUE k 0 -1\r\n0123456789\r\nEND\r\n"},
      {kind::negative_length, "mg k v O5\r\n", "VA -1 O5\r\n0123456789\r\n"},
      {kind::negative_length, "get none\r\n", "END\r\n"},
      {kind::missing_end, "get k\r\n", "VALUE k 0 10\r\n0123456789\r\n"},
      {kind::missing_end, "get none\r\nmn\r\n", "MN\r\n"},
      {kind::extra, "get none\r\n", "END\r\nVALUE stranger 0 1\r\nx\r\nEND\r\n"},
      {kind::extra, "mg none\r\n", "EN\r\nHD\r\n"},
      {kind::duplicate, "get l\r\n", "VALUE l 0 5\r\nother\r\nEND\r\nVALUE l 0 5\r\nother\r\nEND\r\n"},
      {kind::duplicate, "delete none\r\n", "NOT_FOUND\r\nNOT_FOUND\r\n"},
      {kind::swallow, "get k\r\n", ""},
      {kind::swallow, "delete none\r\n", ""},
      {kind::swap, "get l\r\nmg none\r\n", "EN\r\nVALUE l 0 5\r\nother\r\nEND\r\n"},
      {kind::swap, "get l\r\n", "VALUE l 0 5\r\nother\r\nEND\r\n"},
      {kind::one_byte, "get l\r\n", "VALUE l 0 5\r\nother\r\nEND\r\n"},
  }));
  INFO(to_string(what) << ": " << ask);
  room r;
  wire through(r.proxy.port());
  CHECK(through.ask("get k\r\n", r.k.size()) == r.k);
  r.proxy.set(what);
  through.send(ask);
  CHECK(through.read_all() == answer);
  r.proxy.clear();
  CHECK(through.ask("get k\r\n", r.k.size()) == r.k);
  CHECK_FALSE(through.ended);
}

TEST_CASE("garbage is as long as the reply, and none of it", "[fault_proxy]") {
  room r;
  r.proxy.set(kind::garbage);
  wire through(r.proxy.port());
  through.send("get k\r\n");
  const std::string got = through.read_all();
  CHECK(got.size() == r.k.size());
  CHECK(got.find("0123") == got.npos);
  CHECK(got.ends_with("\r\n"));
}

TEST_CASE("a fault meets each n-th reply that it can be shown on", "[fault_proxy]") {
  room r;
  r.proxy.set({.what = kind::negative_length, .every = 3});
  wire through(r.proxy.port());
  const std::string spoilt = "VALUE l 0 -1\r\nother\r\nEND\r\n";
  const std::string all = r.l + "END\r\n" + r.l + spoilt + "END\r\n" + r.l + r.l + spoilt;
  CHECK(through.ask("get l\r\nget no\r\nget l\r\nget l\r\nget no\r\nget l\r\nget l\r\nget l\r\n", all.size()) == all);
  CHECK(r.proxy.stats().faults == 2);
  CHECK(r.proxy.stats().replies == 6);
}

TEST_CASE("replies that are late come in order, one by one, or when the fault is over", "[fault_proxy]") {
  room r;
  wire through(r.proxy.port());
  SECTION("delayed") {
    r.proxy.set({.what = kind::delay, .every = 2, .time = milliseconds(100)});
    const std::string all = r.l + r.k + r.l;
    CHECK(seconds_of([&] { CHECK(through.ask("get l\r\nget k\r\nget l\r\n", all.size()) == all); }) >= 0.1);
  }
  SECTION("dripping") {
    r.proxy.set({.what = kind::drip, .time = milliseconds(4)});
    CHECK(seconds_of([&] { CHECK(through.ask("get l\r\n", r.l.size()) == r.l); }) >= 0.004 * 20);
    CHECK(through.reads > 10);
  }
  SECTION("dripping, until that is over") {
    r.proxy.set({.what = kind::drip, .time = milliseconds(10'000)});
    CHECK(through.ask("get l\r\n", 1) == "V");
    CHECK(through.read_all() == "");
    r.proxy.clear();
    CHECK(through.read(r.l.size() - 1) == r.l.substr(1));
  }
  SECTION("stalled") {
    CHECK(through.ask("get k\r\n", r.k.size()) == r.k);
    r.proxy.set(kind::stall);
    wire other(r.proxy.port());
    through.send("get l\r\n");
    other.send("get k\r\n");
    CHECK(through.read_all() == "");
    CHECK(other.read_all() == "");
    r.proxy.clear();
    CHECK(through.read(r.l.size()) == r.l);
    CHECK(other.read(r.k.size()) == r.k);
  }
}

TEST_CASE("connections end in the middle of a reply", "[fault_proxy]") {
  room r;
  wire through(r.proxy.port());
  CHECK(through.ask("get l\r\n", r.l.size()) == r.l);
  SECTION("closed") {
    r.proxy.set(kind::close);
    through.send("get k\r\n");
    CHECK(through.read_all(soon) == r.k.substr(0, r.k.size() / 2));
    CHECK(through.ended);
    CHECK(through.error == 0);
  }
  SECTION("closed, in a large value") {
    const std::string large(2'000'000, 'x');
    CHECK(through.ask(set("large", large), 8) == "STORED\r\n");
    r.proxy.set(kind::close);
    through.send("get large\r\n");
    CHECK(through.read_all(soon).size() == hit("large", large).size() / 2);
    CHECK(through.ended);
  }
  SECTION("reset") {
    r.proxy.set(kind::reset);
    through.send("get k\r\n");
    CHECK(r.k.starts_with(through.read_all(soon)));
    CHECK(through.error == ECONNRESET);
  }
  SECTION("half closed, which the server does not see") {
    r.proxy.set(kind::half_close);
    through.send("get k\r\n");
    CHECK(through.read_all(soon) == r.k.substr(0, r.k.size() / 2));
    CHECK(through.error == 0);
    through.send(set("later", "stored"));
    std::string got;
    for (int i = 0; i < 100 && got != hit("later", "stored"); ++i) {
      std::this_thread::sleep_for(milliseconds(10));
      wire direct(r.server.port());
      direct.send("get later\r\nquit\r\n");
      got = direct.read_all(soon);
    }
    CHECK(got == hit("later", "stored"));
  }
  r.proxy.clear();
  wire again(r.proxy.port());
  CHECK(again.ask("get k\r\n", r.k.size()) == r.k);
}

TEST_CASE("connecting is refused, or never ends", "[fault_proxy]") {
  room r;
  wire before(r.proxy.port());
  CHECK(before.ask("get l\r\n", r.l.size()) == r.l);
  SECTION("refused, and connections are reset") {
    r.proxy.set(kind::refuse);
    before.read_all(soon);
    CHECK(before.error == ECONNRESET);
    wire refused(r.proxy.port());
    refused.connected(soon);
    CHECK(refused.error == ECONNREFUSED);
  }
  SECTION("unanswered, and connections pass") {
    r.proxy.set(kind::unanswered);
    wire unanswered(r.proxy.port());
    CHECK_FALSE(unanswered.connected(200));
    CHECK(before.ask("get k\r\n", r.k.size()) == r.k);
    r.proxy.clear();
    CHECK(unanswered.connected(soon));  // the kernel tries again after a second
    CHECK(unanswered.ask("get k\r\n", r.k.size()) == r.k);
    CHECK(r.proxy.stats().connections == 2);
  }
  SECTION("the server is gone") {
    r.server.kill();
    before.read_all(soon);
    CHECK(before.ended);
    wire lost(r.proxy.port());
    lost.send("get k\r\n");
    CHECK(lost.read_all(soon) == "");
    CHECK(lost.error == ECONNRESET);
    r.server.start();
    wire again(r.proxy.port());
    CHECK(again.ask("get k\r\n", 5) == "END\r\n");
    return;
  }
  r.proxy.clear();
  wire again(r.proxy.port());
  CHECK(again.ask("get k\r\n", r.k.size()) == r.k);
}

TEST_CASE("twenty connections through a proxy whose faults come and go", "[fault_proxy]") {
  room r;
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i)
    threads.emplace_back([&, i] {
      const std::string key = "key" + std::to_string(i);
      const std::string value(static_cast<std::size_t>(i * i * 100), static_cast<char>('a' + i));
      wire through(r.proxy.port());
      wrong += through.ask(set(key, value), 8) != "STORED\r\n";
      const std::string all = hit(key, value) + "END\r\n" + hit(key, value);
      while (!stop) {
        (through.ask("get " + key + "\r\nget no\r\nget " + key + "\r\n", all.size()) == all ? good : wrong) += 1;
        if (through.ended) break;
      }
    });
  for (int round = 0; round < 20; ++round)
    for (const kind harmless : {kind::pass, kind::stall, kind::one_byte, kind::unanswered, kind::delay, kind::drip}) {
      std::this_thread::sleep_for(milliseconds(3));
      r.proxy.set({.what = harmless, .every = 2});
    }
  r.proxy.clear();
  stop = true;
  for (std::thread& t : threads) t.join();
  CHECK(wrong == 0);
  CHECK(good >= 20);
  CHECK(r.proxy.stats().connections == 20);
}
