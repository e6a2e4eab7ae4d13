#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cmemcache::test {

/// A real memcached of the test's own, on a loopback port that was free, or on a unix socket. Answers when the
/// constructor returns, and is gone when the object is, or the thread that started it.
class memcached {
 public:
  explicit memcached(std::vector<std::string> arguments = {}, std::string unix_path = {});
  /// One that does not answer just anybody: it is there when it answers `knock` by what begins with `answer`.
  memcached(std::vector<std::string> arguments, std::string knock, std::string answer);
  /// On another loopback address, and the port of somebody else's.
  memcached(std::string host, std::uint16_t port);
  /// One that speaks TLS, with make_certificates' certificate of that name.
  struct secured {
    std::string certificate = "server";
  };
  explicit memcached(secured by, std::vector<std::string> arguments = {});
  ~memcached();
  memcached(const memcached&) = delete;
  memcached& operator=(const memcached&) = delete;

  /// As a client is given it.
  std::string address() const;
  std::uint16_t port() const noexcept { return port_; }

  void kill();     ///< SIGKILL, and waits
  void start();    ///< again, on the same address, with nothing in it
  void restart() { kill(), start(); }
  void pause();    ///< SIGSTOP: connections are taken by the kernel, and nothing is answered
  void resume();

 private:
  bool answers() const;

  std::vector<std::string> arguments_;
  std::string knock_ = "stats\r\n";
  std::string answer_;                     ///< none: with its process number
  std::string unix_path_;
  std::string host_ = "127.0.0.1";
  std::uint16_t port_ = 0;
  std::uint16_t plain_port_ = 0;  // of one that speaks TLS: where it does not
  pid_t pid_ = -1;
};

/// A loopback port that nobody listens on at the moment.
std::uint16_t free_port();

}  // namespace cmemcache::test
