#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/fault.hpp"
#include "support/proxied_connection.hpp"

namespace cmemcache::test {

/// A TCP proxy on a loopback port of its own, in front of a memcached on another, that does to the replies or the
/// connections what a test asks for; what the client sends passes as it is.
/// When nobody listens on the server's port, the client's connection is reset.
///
/// One thread moves everything and never waits for a socket. All functions may be called from any thread.
class fault_proxy {
 public:
  struct statistics {
    std::uint64_t connections = 0;
    std::uint64_t replies = 0;  ///< passed as they were
    std::uint64_t faults = 0;   ///< shown
  };

  explicit fault_proxy(std::uint16_t server_port);
  /// Connections that are open are closed.
  ~fault_proxy();
  fault_proxy(const fault_proxy&) = delete;
  fault_proxy& operator=(const fault_proxy&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// In force when it returns. What the fault of before kept back passes.
  void set(const fault& what);
  void set(fault::kind what) { set({.what = what}); }
  void clear() { set(fault::kind::pass); }

  statistics stats() const;

 private:
  void run();
  void turn();
  bool take_orders();
  void enter(const fault& what);
  void listen();
  void accept_all();
  void fill_queue();
  void empty_queue();

  const std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  int holder_ = -1;  // bound to the port, so that nobody gets it while the listener is closed
  int wake_ = -1;

  std::mutex mutex_;
  std::condition_variable done_;
  fault ordered_;
  unsigned orders_ = 0, obeyed_ = 0;
  bool stop_ = false;

  // The thread's own.
  fault_state state_;
  int listener_ = -1;
  std::vector<int> fillers_;  // of the queue of connections that wait to be accepted
  std::vector<std::unique_ptr<proxied_connection>> connections_;
  std::thread thread_;
};

}  // namespace cmemcache::test
