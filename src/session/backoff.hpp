#pragma once

#include <chrono>
#include <random>

namespace cmemcache::session {

/// How long to wait before connecting again. A pure policy: it is told what happened and when, and reads no clock.
///
/// After a connection that served there is no wait. After one that did not, and each further one, the wait doubles from
/// `first` up to `longest`, less a random part of up to a half, so that many clients do not come back at one moment.
class backoff {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  static constexpr std::chrono::milliseconds first{10};
  static constexpr std::chrono::milliseconds longest{1000};

  /// `seed`: whatever differs between clients.
  explicit backoff(unsigned seed) : random_(seed) {}

  /// A connection served: it answered a request.
  void served() noexcept { losses_ = 0; }

  /// A connection was lost before it served, at `now`.
  void lost(time_point now);

  /// When to connect again; the past after a connection that served.
  time_point ready_at() const noexcept { return losses_ == 0 ? time_point::min() : ready_at_; }

 private:
  std::minstd_rand random_;
  unsigned losses_ = 0;
  time_point ready_at_{};
};

}  // namespace cmemcache::session
