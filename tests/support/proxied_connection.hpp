#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "support/fault.hpp"
#include "support/reply_cutter.hpp"

struct pollfd;

namespace cmemcache::test {

/// The fault in force, and what was done so far. The proxy's thread writes; the counters may be read from any.
struct fault_state {
  fault now;
  unsigned met = 0;  ///< replies that it could be shown on
  std::atomic<std::uint64_t> connections = 0, replies = 0, faults = 0;
};

/// One connection through a fault_proxy: the client's socket, the one to the server, and what waits to be written to
/// either. Owned and used by the proxy's thread; never waits.
///
///     client ── up_ ──────────────────────────────────────────────▶ server
///     client ◀── queue_ (each piece with its time) ◀── reply_ ◀──── server
class proxied_connection {
 public:
  using clock = std::chrono::steady_clock;

  /// Takes the client's socket, and begins to connect to a server on a loopback port.
  proxied_connection(int client, std::uint16_t server_port, fault_state& state);
  ~proxied_connection();
  proxied_connection(const proxied_connection&) = delete;
  proxied_connection& operator=(const proxied_connection&) = delete;

  /// What to poll the sockets for.
  void wait_for(pollfd& client, pollfd& server) const;
  /// When something is to be done without that.
  clock::time_point due() const;
  /// Moves what can be moved, given what poll said.
  void move(short client_events, short server_events);
  /// Another fault is in force, or none: what was kept back passes.
  void release();

  void stall(bool on) noexcept { stalled_ = on; }
  void reset_on_close();
  bool over() const noexcept { return over_; }

 private:
  enum class ending { none, close, reset, half_close };

  /// Written when it is due, and after that the connection ends if it says so.
  struct piece {
    std::string bytes;
    clock::time_point due{};
    bool one_by_one = false;
    std::chrono::milliseconds pause{0};
    ending then = ending::none;
    std::size_t sent = 0;
  };

  void read_client();
  void read_server(clock::time_point now);
  void write_server();
  void write_client(clock::time_point now);
  void sort(std::string_view bytes, clock::time_point now);
  void meet(std::string reply, clock::time_point now);
  void pass(std::string_view bytes);
  void end(ending how);

  fault_state& state_;
  int client_, server_;
  std::string up_;
  std::deque<piece> queue_;
  std::size_t queued_ = 0;
  reply_cutter cutter_;
  std::string reply_;  // what has come of one that is kept back until it is whole
  std::string held_;   // for swap
  clock::time_point held_until_{};
  bool collecting_ = false;
  bool connecting_ = true;
  bool client_full_ = false;
  bool client_ended_ = false;
  bool server_ended_ = false;
  bool muted_ = false;  // what the server says goes nowhere any more
  bool stalled_ = false;
  bool over_ = false;
};

}  // namespace cmemcache::test
