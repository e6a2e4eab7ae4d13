#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace cmemcache::test {

/// A server that does what a test tells it: for each connection in turn it runs `behave`, then closes.
/// One thread; connections that come meanwhile wait in the kernel.
class peer {
 public:
  class connection {
   public:
    explicit connection(int fd) : fd_(fd) {}

    /// Reads until `end` has come; what was read. Shorter when the client closed.
    std::string read_until(std::string_view end);
    void send(std::string_view bytes);
    /// `bytes`, one at a time, `pause` milliseconds apart, until the client closes.
    void drip(std::string_view bytes, int pause);
    /// Waits until the client closes.
    void wait_for_close();
    /// The connection ends in a reset instead of a close.
    void reset_on_close();
    /// Answers the `version` that a client asks first.
    void greet(std::string_view version);

   private:
    int fd_;
  };

  explicit peer(std::function<void(connection&, int number)> behave);
  ~peer();
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void serve(const std::function<void(connection&, int)>& behave);

  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace cmemcache::test
