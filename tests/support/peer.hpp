#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace cmemcache::test {

/// A server that does what a test tells it: for each connection it runs `behave`, then closes. In turn, while those that
/// come meanwhile wait in the kernel; or all at once, each on a thread of its own.
class peer {
 public:
  class connection {
   public:
    explicit connection(int fd) : fd_(fd) {}

    /// Reads until `end` has come; what was read. Shorter when the client closed.
    std::string read_until(std::string_view end);
    /// Reads `size` bytes; fewer when the client closed.
    std::string read(std::size_t size);
    /// Whatever comes within `milliseconds`.
    std::string read_for(int milliseconds);
    void send(std::string_view bytes);
    /// `bytes`, one at a time, `pause` milliseconds apart, until the client closes.
    void drip(std::string_view bytes, int pause);
    /// Says that nothing more comes; the client may go on.
    void half_close();
    /// Waits until the client closes.
    void wait_for_close();
    /// The connection ends in a reset instead of a close.
    void reset_on_close();
    /// Passes bytes on to the server on a loopback port and back, in pieces of any size, for about `bytes` of them; then
    /// both connections end, in any way.
    void relay(std::uint16_t port, std::size_t bytes, unsigned seed);
    /// Answers the `version` that a client asks first, and the `mn` with which it tries the meta commands of a 1.6.
    void greet(std::string_view version);

   private:
    bool read_more();

    int fd_;
    std::string unread_;
  };

  enum class service { in_turn, at_once };

  explicit peer(std::function<void(connection&, int number)> behave, service how = service::in_turn);
  /// Connections that are open are shut down.
  ~peer();
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// Connections so far.
  int accepted() const noexcept { return accepted_; }

 private:
  void serve(const std::function<void(connection&, int)>& behave, service how);
  void serve_one(const std::function<void(connection&, int)>& behave, int fd, int number);

  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::thread thread_;
};

/// A port where connecting never ends: its queue of connections that wait to be accepted is full.
class unanswered_port {
 public:
  /// On a port that is free, or on `port` of a loopback address.
  explicit unanswered_port(const char* host = "127.0.0.1", std::uint16_t port = 0);
  ~unanswered_port();
  unanswered_port(const unanswered_port&) = delete;
  unanswered_port& operator=(const unanswered_port&) = delete;

  std::string address() const { return host_ + ":" + std::to_string(port_); }

 private:
  std::string host_;
  std::vector<int> sockets_;
  std::uint16_t port_ = 0;
};

}  // namespace cmemcache::test
