#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <cmemcache/options.hpp>

#include "driver.hpp"
#include "net/channel.hpp"
#include "net/deadline.hpp"
#include "net/lookup.hpp"
#include "operation.hpp"
#include "part_queue.hpp"
#include "server_pool.hpp"
#include "session/pending_request.hpp"
#include "wire_request.hpp"

namespace cmemcache {

class dispatcher;

/// One connection to one server, shared by many operations, and the queue in front of it.
///
///     queue ─(room: merged or cut into requests)─▶ session: written, awaited ─▶ settled: over, or routed again
///
/// Plain gets that wait one behind the other become one `get` line. The connection is made when something waits for it,
/// kept, and made again when it is lost: at once after one that served, with growing pauses after those that did not.
/// Nothing here blocks. Belongs to a dispatcher, and is used by whoever may use that.
class pipeline final : public watcher {
 public:
  pipeline(server_link& link, const client_options& options, dispatcher& owner, driver& waits);
  ~pipeline();
  pipeline(const pipeline&) = delete;
  pipeline& operator=(const pipeline&) = delete;

  /// Waits for its turn. Nothing is sent before go_on().
  void enqueue(part& p);

  /// Goes as far as can be gone without waiting: connects, sends what there is room for.
  void go_on(net::time_point now) noexcept;

  /// The driver has news of the descriptor.
  void ready(bool readable, bool writable) override;
  void given_up() override { give_up(errc::not_enough_memory, net::steady_clock::now()); }

  /// It is `now`: gives up what has taken too long.
  void tick(net::time_point now);
  net::time_point next_tick() const noexcept;

  /// Nobody waits for `p` any more: it is taken out of the queue, and what is under way of it is left to be swallowed.
  void abandon(part& p);

  /// Reads what is there, though the driver has not told of it yet; if answers are owed.
  void look_once_more();

  /// Whether `p` waits because others go first, and not because the server does not answer.
  bool is_behind_others(const part& p) const noexcept;

  /// The server was marked dead: those that are not sent yet go elsewhere.
  void shed(net::time_point now);

  /// Closes the connection as soon as nothing is under way on it.
  void disconnect();

  /// Closes it now. Its requests are over, and those who waited for them are told nothing.
  void close();

  /// Elements queued and under way.
  std::size_t load() const noexcept { return queued_keys_ + in_flight_keys_; }
  bool is_idle() const noexcept { return queue_.empty() && under_way_ == 0; }
  server_link& link() const noexcept { return link_; }

  // The dispatcher's.
  bool goes_on = false;            ///< it is among those that go on in this turn
  bool minded = false;             ///< it is among those whose next_tick() is looked at
  pipeline* next_minded = nullptr;

 private:
  static void on_finished(session::pending_request& r) noexcept;

  void step(net::time_point now);
  void give_up(error_code ec, net::time_point now);
  bool open(net::time_point now);
  void connect(std::vector<net::endpoint> addresses);
  void advance(bool ready, net::time_point now);
  bool receive();
  bool fill(net::time_point now);
  bool has_room() const noexcept;
  void submit_next();
  void merge(wire_request& r);
  void cut(wire_request& r);
  std::unique_ptr<wire_request> new_request();
  void watch(net::time_point now);
  void unwatch() noexcept;
  void count_io();

  void settle_done(net::time_point now);
  void trim() noexcept;
  void settle(wire_request& r, part& p, net::time_point now, bool lost);
  void settle_gets(wire_request& r);
  void lose(net::time_point now);
  void fail_queued(error_code ec, bool reached, net::time_point now);
  void dequeue(part_queue& from, part& p) noexcept;
  void disown(part& p);
  void left(bool owed);
  bool owes() const noexcept;
  bool owes_orphans() const noexcept;
  bool is_hoped_for() const noexcept;
  void drop() noexcept;

  server_link& link_;
  const client_options& options_;
  dispatcher& owner_;
  driver& driver_;

  part_queue queue_;
  std::size_t queued_keys_ = 0;

  std::unique_ptr<net::lookup> lookup_;
  std::unique_ptr<net::channel> channel_;
  bool flush_first_ = false;       // the next connection is to a server that comes back from the dead
  bool served_ = false;            // this connection has answered a request
  bool was_open_ = false;          // it was counted
  bool close_when_idle_ = false;
  bool renew_ = false;             // it is to be tried anew
  int watched_ = -1;               // the descriptor that the driver knows
  bool watches_read_ = false;
  bool watches_write_ = false;
  std::uint64_t names_version_ = 0;  // that the connection was made under
  std::uint64_t counted_in_ = 0, counted_out_ = 0;
  net::time_point stuck_since_ = net::time_point::max();  // nobody waits for what is owed, and nothing has come since

  wire_request* under_way_list_ = nullptr;
  std::size_t under_way_ = 0;      // requests
  std::size_t in_flight_keys_ = 0;
  std::size_t in_flight_bytes_ = 0;
  wire_request* done_ = nullptr;
  wire_request* last_done_ = nullptr;
  std::vector<std::unique_ptr<wire_request>> spare_;
};

}  // namespace cmemcache
