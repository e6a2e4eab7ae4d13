// TLS: who is believed, what is said of who is not, and what comes over it that is no answer. (The verbs are in styles.cpp, what
// system calls may say is in system_calls.cpp.)

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <cmemcache/blocking_client.hpp>

#include "net/lookup.hpp"
#include "net/tls_context.hpp"
#include "net/tls_stream.hpp"
#include "support/certificates.hpp"
#include "support/in_every_style.hpp"
#include "support/memcached.hpp"
#include "support/peer.hpp"
#include "support/story.hpp"
#include "support/tls_service.hpp"

using namespace cmemcache;
using namespace cmemcache::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const style& any_style() {
  static const std::vector<style> all = every_style();
  return all[GENERATE(range(std::size_t{0}, every_style().size()))];
}

client_options secured_by(tls_options tls) { return {.timeout = seconds(5), .protocol = wire_protocol::text, .tls = std::move(tls)}; }

error_code not_believed(int why) { return {why, certificate_category()}; }

double seconds_of(auto&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// What a client tells its logger.
struct lines {
  std::mutex mutex;
  std::string all;

  logger log() {
    return {log_level::debug, [this](log_level, std::string_view line) {
              const std::lock_guard lock(mutex);
              all.append(line).append("\n");
            }};
  }
  std::string take() {
    const std::lock_guard lock(mutex);
    return std::exchange(all, {});
  }
};

std::string value_line(const std::string& key, const std::string& value) {
  return "VALUE " + key + " 0 " + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}

// Answers `times` gets of one key each with their key.
void answer(tls_service& s, int times) {
  for (; times > 0; --times) {
    const std::string line = s.read_until("\r\n");
    if (line.size() < 6) return;
    const std::string key = line.substr(4, line.size() - 6);
    s.send(value_line(key, key) + "END\r\n");
  }
}

}  // namespace

TEST_CASE("a server is believed whose certificate is signed, in time, and for it", "[tls]") {
  struct row {
    std::string certificate;
    tls_options tls;
    error_code expected;
  };
  tls_options ours = trusting_our_ca(), named = ours, misnamed = ours, stranger = ours, careless;
  named.server_name = "memcached.example";
  misnamed.server_name = "other.example";
  stranger.ca_file = certificate("stranger.pem");
  careless.verify = false;
  const row r = GENERATE_COPY(row{"server", ours, {}}, row{"elsewhere", named, {}}, row{"expired", careless, {}},
                              row{"server", stranger, not_believed(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY)},
                              row{"server", tls_options{}, not_believed(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY)},
                              row{"elsewhere", ours, not_believed(X509_V_ERR_IP_ADDRESS_MISMATCH)},
                              row{"elsewhere", misnamed, not_believed(X509_V_ERR_HOSTNAME_MISMATCH)},
                              row{"expired", ours, not_believed(X509_V_ERR_CERT_HAS_EXPIRED)});
  const memcached server(memcached::secured{r.certificate});
  for (const style& by : every_style()) {
    INFO(by.name << ", " << r.certificate << ": " << r.expected.message());
    const auto mc = by.make({server.address()}, secured_by(r.tls));
    CHECK(std::get<0>(mc->one({.op = verb::set, .key = "k", .value = "v"})) == r.expected);
    // It is left alone, as one that refuses.
    CHECK(std::get<0>(mc->one({.op = verb::get, .key = "k"})) == (r.expected ? error_code(errc::no_server) : error_code()));
  }
  CHECK(not_believed(X509_V_ERR_CERT_HAS_EXPIRED).message() == "certificate: certificate has expired");
}

TEST_CASE("a server that wants to know who we are is told, or refuses us", "[tls]") {
  const memcached server(memcached::secured{}, {"-o", "ssl_verify_mode=2,ssl_ca_cert=" + certificate("ca.pem")});
  const style& by = any_style();
  tls_options nobody = trusting_our_ca(), known = nobody, in_one_file = nobody;
  known.cert_file = certificate("client.pem");
  known.key_file = certificate("client.key");
  in_one_file.cert_file = certificate("both.pem");
  INFO(by.name);
  for (const tls_options& tls : {known, in_one_file}) {
    const auto mc = by.make({server.address()}, secured_by(tls));
    CHECK(shown(std::get<1>(mc->one({.op = verb::set, .key = "k", .value = "v"}))) == "stored");
  }
  // The refusal comes when the handshake is over for us; the server is there all the same.
  const auto mc = by.make({server.address()}, secured_by(nobody));
  for (const verb op : {verb::get, verb::set, verb::get}) {
    const error_code ec = std::get<0>(mc->one({.op = op, .key = "k", .value = "v"}));
    CHECK(ec.category() == tls_category());
    CHECK_THAT(ec.message(), Catch::Contains("alert certificate required"));
  }
}

TEST_CASE("files that are no good are named when the client is made", "[tls]") {
  const auto complaint = [](tls_options tls) -> std::string {
    try {
      blocking_client({}, secured_by(std::move(tls)));
    } catch (const error& e) {
      CHECK(e.code() == errc::bad_argument);
      return e.what();
    }
    return "none";
  };
  const std::string ca = certificate("ca.pem"), client = certificate("client.pem"), locked = certificate("locked.key");
  CHECK(complaint({.ca_file = "/nowhere.pem"}) == "ca_file '/nowhere.pem': No such file or directory");
  CHECK(complaint({.ca_file = certificate("log")}) == "ca_file '" + certificate("log") + "': TLS: no certificate or crl found");
  CHECK(complaint({.cert_file = "/nowhere.pem"}) == "cert_file '/nowhere.pem': No such file or directory");
  CHECK(complaint({.cert_file = client}) == "cert_file '" + client + "': TLS: no private key found");
  CHECK(complaint({.cert_file = client, .key_file = ca}) == "key_file '" + ca + "': TLS: no private key found");
  CHECK(complaint({.cert_file = client, .key_file = locked}) == "key_file '" + locked + "': TLS: bad decrypt");
  CHECK_THAT(complaint({.cert_file = client, .key_file = certificate("server.key")}), Catch::Contains("key values mismatch"));
  CHECK_THAT(complaint({.key_file = locked}), Catch::Contains("there is no cert_file for it"));
  CHECK_THROWS_WITH(blocking_client({"/a/socket"}, secured_by({})), Catch::Contains("'/a/socket': TLS: a unix socket has no name"));
  CHECK_NOTHROW(blocking_client({"/a/socket"}, secured_by({.verify = false})));
}

TEST_CASE("who speaks TLS to who does not is told so", "[tls]") {
  const style& by = any_style();
  INFO(by.name);
  const auto secured = by.make({shared_server(transport::tcp).address()}, secured_by(trusting_our_ca()));
  CHECK_THAT(std::get<0>(secured->one({.op = verb::get, .key = "k"})).message(), Catch::Contains("does the server speak TLS?"));
  const auto plain = by.make({shared_server(transport::tls).address()}, {.timeout = seconds(5)});
  const double took = seconds_of([&] { CHECK(std::get<0>(plain->one({.op = verb::get, .key = "k"}))); });
  CHECK(took < 2);
}

TEST_CASE("a handshake is a part of connecting, and of the call", "[tls]") {
  const style& by = any_style();
  const std::string hello("\x16\x03\x03\x10\x00\x02", 6);
  peer silent([](peer::connection& c, int) { c.wait_for_close(); }, peer::service::at_once);
  peer slow([&](peer::connection& c, int) { c.drip(hello + std::string(1000, '\0'), 10); }, peer::service::at_once);
  client_options options = secured_by(trusting_our_ca());
  INFO(by.name);
  for (peer* const p : {&silent, &slow}) {
    options.timeout = seconds(5);
    options.connect_timeout = milliseconds(150);
    auto mc = by.make({p->address()}, options);
    error_code ec;
    const double connecting = seconds_of([&] { ec = std::get<0>(mc->one({.op = verb::get, .key = "k"})); });
    CHECK_THAT(ec.message(), Catch::Contains("the handshake timed out"));
    CHECK((connecting > 0.14 && connecting < 2));

    std::swap(options.timeout, options.connect_timeout);
    mc = by.make({p->address()}, options);
    const double calling = seconds_of([&] { ec = std::get<0>(mc->one({.op = verb::get, .key = "k"})); });
    CHECK(ec == errc::timed_out);
    CHECK((calling > 0.14 && calling < 2));
  }
}

TEST_CASE("the deadline holds against a record that comes a byte at a time", "[tls]") {
  const style& by = any_style();
  peer drips([](peer::connection& c, int) {
    tls_service s(c);
    if (!s.read_until("\r\n").empty()) s.drip(value_line("k", std::string(1000, 'v')) + "END\r\n", 10);
  }, peer::service::at_once);
  client_options options = secured_by(trusting_our_ca());
  options.timeout = milliseconds(200);
  const auto mc = by.make({drips.address()}, options);
  INFO(by.name);
  error_code ec;
  const double took = seconds_of([&] { ec = std::get<0>(mc->one({.op = verb::get, .key = "k"})); });
  CHECK(ec == errc::timed_out);
  CHECK((took > 0.19 && took < 1));
}

TEST_CASE("tickets, and other keys, are no answers and no reason to connect again", "[tls]") {
  const style& by = any_style();
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  peer talks([&](peer::connection& c, int) {
    tls_service s(c, version);
    answer(s, 1);
    for (int i = 0; i < 3 && version == TLS1_3_VERSION; ++i) {
      s.send_ticket();
      answer(s, 1);
      s.change_keys();
      answer(s, 1);
    }
    answer(s, 100);
  });
  const auto mc = by.make({talks.address()}, secured_by(trusting_our_ca()));
  INFO(by.name << ", version " << version);
  for (int i = 0; i < 10; ++i) {
    const std::string key = "k" + std::to_string(i);
    CHECK(std::get<1>(mc->one({.op = verb::get, .key = key})).value == key);
    std::this_thread::sleep_for(milliseconds(2));  // so that the next call looks at the connection first
  }
  CHECK(talks.accepted() == 1);
}

TEST_CASE("a connection that has ended meanwhile, or says what nobody asked, is made anew", "[tls]") {
  const style& by = any_style();
  const int what = GENERATE(range(0, 3));
  peer ends([&](peer::connection& c, int) {
    tls_service s(c);
    answer(s, 1);
    std::this_thread::sleep_for(milliseconds(5));
    if (what == 0) s.say_goodbye();
    if (what == 1) s.send("END\r\n");
    if (what != 2) c.wait_for_close();
  });
  const auto mc = by.make({ends.address()}, secured_by(trusting_our_ca()));
  INFO(by.name << ", " << what);
  for (const std::string& key : {std::string("a"), std::string("b"), std::string("c")}) {
    CHECK(std::get<1>(mc->one({.op = verb::get, .key = key})).value == key);
    std::this_thread::sleep_for(milliseconds(20));
  }
  CHECK(ends.accepted() == 3);
}

TEST_CASE("what a closed connection has refused is known not to be taken", "[tls]") {
  const bool reads = GENERATE(false, true);
  peer server([&](peer::connection& c, int) {
    tls_service s(c);
    answer(s, reads ? 2 : 1);
  });
  net::tls_peer expected(std::make_shared<net::tls_context>(trusting_our_ca()), server.address());
  bool in_progress = false;
  error_code ec;
  net::socket socket = net::socket::connect(net::known_addresses(server.address())->front(), in_progress, ec);
  socket.set_up(milliseconds(100));
  net::tls_stream stream(expected, socket);
  while ((ec = stream.shake_hands()) && net::is_would_block(ec)) std::this_thread::sleep_for(milliseconds(1));
  REQUIRE_FALSE(ec);

  std::string get = "get key\r\n", answered(100, ' ');
  const iovec question{get.data(), get.size()}, place{answered.data(), answered.size()};
  const auto ask = [&] { return stream.send_some({&question, 1}, true, ec); };
  const auto receive = [&] {
    while (stream.receive({&place, 1}, net::tls_stream::reading::waits, ec) == 0 && net::is_would_block(ec)) {
    }
  };
  REQUIRE(ask() == get.size());
  receive();
  std::this_thread::sleep_for(milliseconds(20));  // the server has closed, or waits for another
  REQUIRE(ask() == get.size());
  receive();
  CHECK(stream.may_have_taken_beyond(get.size()) == reads);
  CHECK(stream.may_have_taken_beyond(0));
}

TEST_CASE("what OpenSSL has read ahead is not waited for", "[tls]") {
  const style& by = any_style();
  const std::size_t count = GENERATE(500u, 1500u, 2300u, 2600u, 2900u, 3200u, 3500u);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("key" + std::to_string(100'000 + i));
  const std::vector<std::string_view> keys(names.begin(), names.end());
  peer reads_all([&](peer::connection& c, int) {
    tls_service s(c);
    std::string answers, line;
    for (std::size_t answered = 0; answered < count; answers += "END\r\n") {
      line = s.read_until("\r\n");
      if (line.empty()) return;
      for (std::size_t at = 4; at + 9 < line.size(); at += 10, ++answered) {
        const std::string key = line.substr(at, 9);
        answers += value_line(key, key + std::string(20, '.'));
      }
    }
    std::this_thread::sleep_for(milliseconds(20));  // the blocked caller polls by now
    s.send(answers);                                // and gets all at once
    c.wait_for_close();
  });
  const auto mc = by.make({reads_all.address()}, secured_by(trusting_our_ca()));
  INFO(by.name << ", " << count);
  const auto [ec, got] = mc->get_multi(keys);
  CHECK_FALSE(ec);
  std::size_t right = 0;
  for (std::size_t i = 0; i < got.size(); ++i) right += got[i].value.starts_with(names[i]);
  CHECK(right == count);
}

// memcached before 1.6.39 waits for the socket with a part of a record still in OpenSSL, where it may be for good.
TEST_CASE("long requests do not get stuck in the server", "[tls]") {
  const style& by = any_style();
  const auto [size, count] = GENERATE(table<std::size_t, std::size_t>({{20, 3000}, {300, 1000}, {4000, 100}, {5000, 100}, {20'000, 20}}));
  const std::string value(size, 'v');
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back(std::to_string(i));
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (const std::string& k : keys) pairs.emplace_back(k, value);
  client_options options = secured_by(trusting_our_ca());
  options.protocol = GENERATE(wire_protocol::automatic, wire_protocol::text);
  options.timeout = seconds(2);
  const auto mc = by.make({shared_server(transport::tls).address()}, options);
  INFO(by.name << ", " << count << " of " << size);
  CHECK_FALSE(std::get<0>(mc->set_multi(pairs, 60, 0)));
  const auto [ec, got] = mc->get_multi(std::vector<std::string_view>(keys.begin(), keys.end()));
  CHECK_FALSE(ec);
  std::size_t right = 0;
  for (const item& i : got) right += i.value == value;
  CHECK(right == count);
}

TEST_CASE("a ticket saves the next connection half the handshake", "[tls]") {
  lines told;
  client_options options = secured_by(trusting_our_ca());
  options.log = told.log();
  SECTION("memcached") {
    memcached server(memcached::secured{}, GENERATE(std::vector<std::string>{}, std::vector<std::string>{"-o", "ssl_session_cache"}));
    blocking_client mc({server.address()}, options);
    mc.set("k", "v");
    CHECK(told.take() == server.address() + ": connected (TLSv1.3)\n");
    mc.disconnect_all();
    CHECK(mc.get("k").value == "v");
    CHECK(told.take() == server.address() + ": connected (TLSv1.3, resumed)\n");
    server.restart();  // which knows no ticket of before
    std::this_thread::sleep_for(milliseconds(5));
    CHECK(mc.get("k").status == status::miss);
    CHECK_THAT(told.take(), Catch::EndsWith("connected (TLSv1.3)\n"));
  }
  SECTION("TLS 1.2") {
    peer server([](peer::connection& c, int) {
      tls_service s(c, TLS1_2_VERSION);
      answer(s, 100);
    });
    blocking_client mc({server.address()}, options);
    mc.get("k");
    mc.disconnect_all();
    CHECK(mc.get("k").value == "k");
    CHECK_THAT(told.take(), Catch::EndsWith("connected (TLSv1.2, resumed)\n"));
  }
}

TEST_CASE("a stream that is cut anywhere gives no wrong answer", "[tls]") {
  const style& by = any_style();
  memcached server(memcached::secured{});
  const std::size_t bytes = GENERATE(5000u, 200'000u);
  peer breaks([&](peer::connection& c, int number) { c.relay(server.port(), bytes, static_cast<unsigned>(number) + 1); },
              peer::service::at_once);
  client_options options{.timeout = seconds(5), .dead_retry = milliseconds(0), .tls = trusting_our_ca()};
  const auto mc = by.make({breaks.address()}, options);
  for (int i = 0; i < 2; ++i) {
    story s(*mc, std::to_string(i) + ":", 100'000);
    s.tell();
    INFO(by.name << ", " << bytes);
    CHECK(s.complaints() == "");
  }
  CHECK(breaks.accepted() > 1);
}
