#pragma once

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "support/calling_styles.hpp"
#include "support/certificates.hpp"
#include "support/memcached.hpp"

namespace cmemcache::test {

enum class transport : std::uint8_t { tcp, unix_socket, tls };

/// What is spoken, and over what.
struct way {
  std::string name;
  wire_protocol protocol;
  transport over;
};

inline const memcached& shared_server(transport over) {
  static const memcached tcp;
  static const memcached local({}, "/tmp/cmemcache_test_" + std::to_string(::getpid()) + ".sock");
  static const memcached secured(memcached::secured{});
  return over == transport::tls ? secured : over == transport::unix_socket ? local : tcp;
}

inline std::string shown(const error_code& ec) { return "error: " + ec.message(); }
inline std::string shown(errc ec) { return shown(error_code(ec)); }

template <class Answer>
  requires(std::is_same_v<Answer, reply> || std::is_same_v<Answer, item>)
std::string shown(const Answer& a) {
  std::string text(to_string(a.status));
  if (a.status == status::number) text += " " + std::to_string(a.number);
  if (a.status == status::hit) text.append(" ").append(a.value).append(" f").append(std::to_string(a.flags));
  return text;
}

inline std::vector<std::string> shown(const multi_reply& m) {
  std::vector<std::string> all;
  for (const item& i : m) all.push_back(shown(i));
  return all;
}

/// In a cas: what the last gets has told.
inline constexpr std::uint64_t last_unique = 1ull << 63;

struct row {
  request ask;
  std::string answer;
};

/// A client of every style, over each protocol and transport, with keys of its own on a server that all of them share.
/// What a test says holds for all of them.
class in_every_style {
 public:
  in_every_style() { open({shared_server(over_.over).address()}); }

 protected:
  const std::string& name() const { return name_; }
  std::string address() const { return shared_server(over_.over).address(); }
  bool throws() const { return style_.throws; }
  bool is_binary() const { return over_.protocol == wire_protocol::binary; }
  calling_style& mc() { return *mc_; }

  void open(std::vector<server> servers, client_options options = {}) {
    static int runs = 0;
    options.protocol = over_.protocol;
    if (over_.over == transport::tls) options.tls = trusting_our_ca();
    options.key_prefix = std::to_string(10'000 + ++runs) + ":";
    mc_ = style_.make(std::move(servers), options);
  }

  std::string say(request r) {
    if (r.op == verb::cas && r.number == last_unique) r.number = unique_;
    const auto [ec, got] = mc_->one(r);
    if (ec) return got.status == status::unanswered ? shown(ec) : "both an error and an answer";
    if (r.op == verb::gets) unique_ = got.cas;
    return shown(got);
  }

  void play(const std::vector<row>& rows) {
    for (const row& r : rows) {
      INFO(to_string(r.ask.op) << ' ' << r.ask.key.substr(0, 20));
      CHECK(say(r.ask) == r.answer);
    }
  }

  static constexpr std::size_t prefix_size = 6;

 private:
  const way over_ = GENERATE(way{"automatic", wire_protocol::automatic, transport::tcp},
                             way{"text", wire_protocol::text, transport::tcp}, way{"meta", wire_protocol::meta, transport::tcp},
                             way{"binary", wire_protocol::binary, transport::tcp},
                             way{"unix", wire_protocol::automatic, transport::unix_socket},
                             way{"TLS", wire_protocol::automatic, transport::tls});
  const style style_ = GENERATE(from_range(every_style()));
  const std::string name_ = style_.name + " over " + over_.name;
  std::unique_ptr<calling_style> mc_;
  std::uint64_t unique_ = 0;
};

}  // namespace cmemcache::test
