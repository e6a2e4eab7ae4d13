#pragma once

#include <cstdint>

#include "net/deadline.hpp"

namespace cmemcache::net {

/// Something that happens once, on another thread, and that a loop can wait for. Thread safety: all members.
class event {
 public:
  /// Throws std::system_error when there is no descriptor for it.
  event();
  ~event();
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  /// Becomes readable when it has happened, and stays so.
  int fd() const noexcept { return fd_; }

  void happen() noexcept;

  /// Returns when it has happened, at `until`, or when a signal comes.
  void wait(time_point until) const noexcept;

  /// Whether it belongs to the parent of this process.
  bool is_inherited() const noexcept;

 private:
  const int fd_;
  const std::uint64_t generation_;
};

}  // namespace cmemcache::net
