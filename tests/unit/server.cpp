#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include <cmemcache/server.hpp>

using cmemcache::errc;
using cmemcache::error_code;
using cmemcache::server;

namespace {

struct form {
  std::string text;
  server::transport kind;
  std::string host;
  std::uint16_t port;
  std::string label;
};

}  // namespace

TEST_CASE("the forms of a server string", "[server]") {
  using enum server::transport;
  const auto f = GENERATE(values<form>({
      {"localhost", tcp, "localhost", 11211, "localhost:11211"},
      {"10.0.0.1:11212", tcp, "10.0.0.1", 11212, "10.0.0.1:11212"},
      {"cache-1.example.com:1", tcp, "cache-1.example.com", 1, "cache-1.example.com:1"},
      {"inet:host", tcp4, "host", 11211, "host:11211"},
      {"inet:10.0.0.1:65535", tcp4, "10.0.0.1", 65535, "10.0.0.1:65535"},
      {"inet6:[::1]", tcp6, "::1", 11211, "[::1]:11211"},
      {"inet6:[fe80::1%eth0]:11212", tcp6, "fe80::1%eth0", 11212, "[fe80::1%eth0]:11212"},
      {"[::1]", tcp6, "::1", 11211, "[::1]:11211"},
      {"[::1]:11212", tcp6, "::1", 11212, "[::1]:11212"},
      {"unix:/run/memcached.sock", unix_socket, "/run/memcached.sock", 11211, "/run/memcached.sock"},
      {"/run/memcached.sock", unix_socket, "/run/memcached.sock", 11211, "/run/memcached.sock"},
  }));
  INFO(f.text);
  const server s(f.text, 3);
  CHECK(s.text == f.text);
  CHECK(s.kind == f.kind);
  CHECK(s.host == f.host);
  CHECK(s.port == f.port);
  CHECK(s.weight == 3);
  CHECK(s.label() == f.label);
}

TEST_CASE("an alias stands behind a port or a path", "[server]") {
  const std::string where = GENERATE("host:11211", "inet:host:1", "[::1]:1", "inet6:[::1]:1", "/run/m", "unix:/run/m");
  const server s(where + " cache-a", 3);
  CHECK(s.alias == "cache-a");
  CHECK(s.text == where + " cache-a");
  CHECK(s.label() == server(where).label());
  CHECK(s.kind == server(where).kind);
  CHECK(s.weight == 3);
  CHECK_FALSE(s == server(where, 3));
}

TEST_CASE("what is no server is refused by name", "[server]") {
  const std::string text = GENERATE(as<std::string>{}, "", ":", ":11211", "host:", "host:0", "host:65536", "host:-1",
                                    "host:port", "host:1 ", " host", "ho st", "host:1  a", "host:1 a b", "host:1 a\n", "host:1\ta",
                                    "[::1] a", "host:x a", ":1 a", "/ a", "unix: /a", "host /a", "host:1:2", "::1", "[::1", "[]", "[host]",
                                    "inet6:[/:1]:1", "[::1/]", "[ho:st]", "[::1%a/b]",
                                    "[::1]x", "[::1]:", "inet6:::1", "inet6:host", "inet:", "unix:", "unix:relative",
                                    "/", "a/b", "a,b", "host\n", "host\r\nflush_all",
                                    "/" + std::string(107, 'p'));
  INFO(text);
  error_code ec;
  const server nothing = server::parse(text, 1, ec);
  CHECK(ec == errc::bad_server);
  CHECK(nothing.text.empty());
  CHECK_THROWS_WITH(server(text), Catch::Contains("'" + text + "'") && Catch::Contains("not a server"));
}

TEST_CASE("a server string with a NUL is refused", "[server]") {
  CHECK_THROWS_AS(server(std::string("ho\0st", 5)), cmemcache::error);
}

TEST_CASE("a weight is at least one", "[server]") {
  error_code ec;
  server::parse("host", 0, ec);
  CHECK(ec == errc::bad_server);
}

TEST_CASE("servers are the same when they are at one place with one weight", "[server]") {
  CHECK(server("host") == server("host:11211"));
  CHECK(server("unix:/s") == server("/s"));
  CHECK_FALSE(server("host") == server("host:1"));
  CHECK_FALSE(server("host") == server("host", 2));
  CHECK_FALSE(server("host") == server("inet:host"));
}

TEST_CASE("a list of servers has commas or blanks between", "[server]") {
  const std::vector<server> list = cmemcache::parse_servers(" a:1,b , [::1]:3\n/sock,,");
  REQUIRE(list.size() == 4);
  CHECK(list[1].host == "b");
  CHECK(list[2].port == 3);
  CHECK(list[3].kind == server::transport::unix_socket);
  CHECK(cmemcache::parse_servers(" , ").empty());
  CHECK_THROWS_AS(cmemcache::parse_servers("a,b:x"), cmemcache::error);
}
