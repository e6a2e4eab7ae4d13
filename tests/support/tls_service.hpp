#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "support/peer.hpp"

struct ssl_st;

namespace cmemcache::test {

/// The server's side of TLS on a connection of a `peer`, which says what a test wants it to: records of any length, and what belongs
/// to TLS alone. Each function's records leave in one piece.
class tls_service {
 public:
  /// Shakes hands, with make_certificates' server.pem. `version`: as OpenSSL has it, 0 for any.
  explicit tls_service(peer::connection& with, int version = 0);

  /// Whether the client has gone through with it.
  bool is_open() const noexcept { return open_; }

  /// Reads until `end` has come; what was read. Shorter when the client closed.
  std::string read_until(std::string_view end);
  void send(std::string_view bytes);
  /// One record, a byte at a time, `pause` milliseconds apart, until the client closes.
  void drip(std::string_view bytes, int pause);

  /// Other keys from here on; the client is asked to change its own, too, which it does before it writes again.
  void change_keys();
  void send_ticket();
  void say_goodbye();

 private:
  struct deleter {
    void operator()(ssl_st* s) const noexcept;
  };

  bool read_record();
  void flush();
  std::string take();

  peer::connection& with_;
  bool open_ = false;
  std::unique_ptr<ssl_st, deleter> ssl_;
};

}  // namespace cmemcache::test
