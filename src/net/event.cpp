#include "net/event.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/fork_guard.hpp"
#include "net/socket.hpp"

namespace cmemcache::net {

event::event() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), generation_(fork_generation()) {
  if (fd_ < 0) throw std::system_error(errno, std::system_category(), "eventfd");
}

// Not in a forked child, where it may have been closed already.
event::~event() {
  if (!is_inherited()) ::close(fd_);
}

void event::happen() noexcept { ::eventfd_write(fd_, 1); }

void event::wait(time_point until) const noexcept {
  pollfd readable{fd_, POLLIN, 0};
  error_code ignored;  // whatever ended the wait, the caller looks
  wait_ready({&readable, 1}, until, ignored);
}

bool event::is_inherited() const noexcept { return generation_ != fork_generation(); }

}  // namespace cmemcache::net
