#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

/// The system calls about sockets that the library makes, and what they say. The test program is linked with `--wrap` for
/// each of them. Nothing is changed for a thread that has no `watched`: servers, peers and helpers run as ever. Asio's own
/// calls (epoll, its eventfd) are not among them; the library's are, whoever runs its executor.
namespace cmemcache::test::system_calls {

enum class call { socket, connect, getsockopt, setsockopt, fcntl, send, recv, peek, poll };
inline constexpr std::size_t call_kinds = 9;

/// What is said instead of the truth, about some of the calls.
struct fault {
  enum class effect { error, one_byte, end_of_stream };

  std::string name;
  std::vector<call> calls;              ///< others are made as ever
  int error = 0;                        ///< of effect::error
  effect what = effect::error;

  bool is_about(call c) const noexcept;
};

/// Counts the calls of this thread, and spoils some, for as long as it lives. One at a time per thread.
///
/// A connect that says EINTR or EINPROGRESS is made all the same, as the kernel does it; other calls that fail are not
/// made. A blocking recv that says EAGAIN stands for its time-out, and one_byte for a socket that takes or has no more.
class watched {
 public:
  watched();
  ~watched();
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;

  /// The n-th call from now, 0 being the next, unless the fault is not about it.
  void fail_at(std::size_t n, fault what);
  /// Of each sort of call the first meets the first fault, the second the second, and so on round and round. A fault about
  /// no call lets one pass.
  void fail_always(std::vector<fault> in_turn);

  /// The calls so far, spoilt ones included.
  const std::vector<call>& made() const noexcept { return made_; }
  std::size_t made(call c) const noexcept { return counts_[static_cast<std::size_t>(c)]; }
  /// How many were spoilt.
  std::size_t spoilt() const noexcept { return spoilt_; }

  /// For the wrappers: what this call meets, or null.
  const fault* next(call c);

 private:
  std::vector<call> made_;
  std::array<std::size_t, call_kinds> counts_{};
  std::size_t spoilt_ = 0;
  std::size_t at_ = static_cast<std::size_t>(-1);
  std::vector<fault> faults_;
  bool always_ = false;
};

}  // namespace cmemcache::test::system_calls
