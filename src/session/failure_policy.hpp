#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include <cmemcache/error.hpp>

namespace cmemcache::session {

/// How trouble with one server is dealt with: all of the rules, in one place. A pure policy: it is told what happened and
/// when, reads no clock and makes no call. Thread safety: all members.
///
/// **When is a server dead, for how long, and who tries it again?**
///
///     alive ──(unreachable, or silent)──▶ dead until now + dead_retry
///       ▲                                    │ time is up: one call probes it, on a new connection,
///       └─────────────(answered)◀────────────┘ and the others go on without it
///
/// A probe that comes to nothing is followed by the next after another dead_retry.
///
/// | what happened | trouble | marks it dead |
/// | --- | --- | --- |
/// | connecting is refused, has no route, is reset, takes `connect_timeout`; the name is not known | unreachable | yes |
/// | the deadline of a call passes while the server owes it an answer, which it had `patience` for | silent | yes |
/// | a connection ends, or brings what is not the protocol | lost | no |
/// | no descriptor, memory or port of our own; our own queue; the caller has stopped, or came when another server had used
///   up its time | ours | no |
///
/// **What moves where meanwhile?** With `failover` each key of a dead server goes to the next of its candidates (see
/// routing::placement_chain) that may be used. The call that finds a server unreachable goes there, too, in the time that
/// it has left; one whose deadline passed is over. Without `failover`, or without a candidate, it is errc::no_server.
///
/// **What is sent again?** See after_loss().
///
/// **When is a connection made again?** At once, unless the last one was lost before it served: then after `first_pause`,
/// doubled by each further one up to `longest_pause`, less a random part of up to a half, so that many clients do not come
/// back at one moment. Calls that begin meanwhile wait, so it should be well below their time-out. (Shared connections only:
/// a blocking call connects when it needs to.)
///
/// **What does a server that comes back hold?** What it held when it went, unless `flush_on_reconnect`: then the probe flushes
/// it before anything else.
class failure_policy {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  struct settings {
    duration dead_retry{};
    bool failover = true;
    bool flush_on_reconnect = false;
    duration longest_pause = std::chrono::seconds(1);
    duration patience{};
  };

  static constexpr std::chrono::milliseconds first_pause{10};

  /// `seed`: whatever differs between clients.
  explicit failure_policy(const settings& s, std::uint32_t seed = 0) noexcept : settings_(s), seed_(seed) {}

  bool failover() const noexcept { return settings_.failover; }
  bool flush_on_reconnect() const noexcept { return settings_.flush_on_reconnect; }
  duration dead_retry() const noexcept { return settings_.dead_retry; }

  // ---- the server

  bool is_alive() const noexcept { return dead_until_.load(std::memory_order_relaxed) == 0; }

  enum class admission : std::uint8_t { use, probe, pass_by };

  /// How a call may use the server at `now`. Of a dead one whose time is up, only the first to ask may probe.
  admission admit(time_point now) noexcept { return is_alive() ? admission::use : admit_to_dead(now); }

  enum class trouble : std::uint8_t { unreachable, silent, lost, ours };

  /// What sort of trouble `ec` is. `reached`: a connection had been made.
  static trouble sort(const error_code& ec, bool reached) noexcept;

  /// The deadline of a call passed that had waited so long for the server.
  trouble silence(duration waited) const noexcept { return waited >= settings_.patience ? trouble::silent : trouble::ours; }

  /// True when this marks the server dead, and it was alive until now.
  bool failed(trouble what, time_point now) noexcept;

  /// The server answered. True when it had been dead.
  bool answered() noexcept { return !is_alive() && dead_until_.exchange(0, std::memory_order_relaxed) != 0; }

  // ---- its connections

  /// One that was made has answered a request.
  void served() noexcept { wasted_.store(0, std::memory_order_relaxed); }

  /// One that was made was lost at `now`, before it served.
  void wasted(time_point now) noexcept;

  /// When to connect again; the past, if there is nothing to wait for.
  time_point connect_at() const noexcept;

  // ---- what was on them

  /// What is known about a connection that was lost with a part of a call on it.
  struct loss {
    bool repeatable = false;  ///< doing it twice does what doing it once does
    bool reused = false;      ///< the connection had served before: the server may have closed it meanwhile
    bool retried = false;     ///< this call has been asked again for the same reason
    bool answered = false;    ///< something of an answer had arrived, so that asking again would tell lies
    bool sent = false;        ///< bytes of this part had left
    bool taken = false;       ///< the server's kernel may have them
    bool question = false;    ///< it ended at a question of our own, which the next connection is not asked
  };

  enum class remedy : std::uint8_t {
    send_again,   ///< on a new connection: nothing was done, or doing it twice does no harm
    in_doubt,     ///< it may or may not have been carried out: errc::in_doubt, and never sent again
    give_up,      ///< what `ec` says
  };

  static remedy after_loss(const loss& facts) noexcept;

 private:
  admission admit_to_dead(time_point now) noexcept;
  std::int64_t dead_until(time_point now) const noexcept;

  const settings settings_;
  const std::uint32_t seed_;
  std::atomic<std::int64_t> dead_until_{0};   // steady clock's ticks; 0: alive
  std::atomic<std::uint32_t> wasted_{0};      // connections, one after the other
  std::atomic<std::int64_t> connect_at_{0};   // steady clock's ticks
};

}  // namespace cmemcache::session
