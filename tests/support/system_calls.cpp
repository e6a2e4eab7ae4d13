#include "support/system_calls.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cmemcache::test::system_calls {

namespace {

thread_local watched* watching = nullptr;

const fault* met(call c) { return watching == nullptr ? nullptr : watching->next(c); }

call receiving(int flags) { return (flags & MSG_PEEK) != 0 ? call::peek : call::recv; }

// The answer of a call that is not made at all.
int said(const fault& f) {
  if (f.what == fault::effect::end_of_stream) return 0;
  errno = f.error;
  return -1;
}

// A stream that ends in order acknowledges with its end what had come until then.
void wait_until_acknowledged(int fd) {
  int pending = 0;
  for (int i = 0; i < 100 && ::ioctl(fd, SIOCOUTQ, &pending) == 0 && pending != 0; ++i) ::usleep(1000);
}

int said_of_reading(int fd, const fault& f) {
  if (f.what == fault::effect::end_of_stream) wait_until_acknowledged(fd);
  return said(f);
}

// A message of one byte at the most.
msghdr first_byte(const msghdr& whole, iovec& room) {
  msghdr out = whole;
  room = whole.msg_iov[0];
  room.iov_len = std::min<std::size_t>(room.iov_len, 1);
  out.msg_iov = &room;
  out.msg_iovlen = 1;
  return out;
}

}  // namespace

bool fault::is_about(call c) const noexcept { return std::ranges::find(calls, c) != calls.end(); }

watched::watched() { watching = this; }

watched::~watched() { watching = nullptr; }

void watched::fail_at(std::size_t n, fault what) {
  at_ = made_.size() + n;
  faults_.assign(1, std::move(what));
  always_ = false;
}

void watched::fail_always(std::vector<fault> in_turn) {
  faults_ = std::move(in_turn);
  always_ = true;
}

const fault* watched::next(call c) {
  const std::size_t n = made_.size();
  const std::size_t of_its_sort = counts_[static_cast<std::size_t>(c)]++;
  made_.push_back(c);
  const fault* const f = always_     ? &faults_[of_its_sort % faults_.size()]
                         : n == at_ ? &faults_[0]
                                     : nullptr;
  if (f == nullptr || !f->is_about(c)) return nullptr;
  ++spoilt_;
  return f;
}

extern "C" {

// The linker's names, for the calls as everybody knows them.
int __real_socket(int domain, int type, int protocol);
int __real_connect(int fd, const sockaddr* to, socklen_t size);
int __real_getsockopt(int fd, int level, int name, void* value, socklen_t* size);
int __real_setsockopt(int fd, int level, int name, const void* value, socklen_t size);
int __real_fcntl(int fd, int command, long argument);
ssize_t __real_send(int fd, const void* data, size_t size, int flags);
ssize_t __real_sendmsg(int fd, const msghdr* message, int flags);
ssize_t __real_recv(int fd, void* data, size_t size, int flags);
ssize_t __real_recvmsg(int fd, msghdr* message, int flags);
int __real_poll(pollfd* sockets, nfds_t count, int timeout);

int __wrap_socket(int domain, int type, int protocol) {
  const fault* const f = met(call::socket);
  return f != nullptr ? said(*f) : __real_socket(domain, type, protocol);
}

int __wrap_connect(int fd, const sockaddr* to, socklen_t size) {
  const fault* const f = met(call::connect);
  if (f == nullptr) return __real_connect(fd, to, size);
  if (f->error != EINTR && f->error != EINPROGRESS) return said(*f);
  if (__real_connect(fd, to, size) != 0 && errno != EINPROGRESS) return -1;
  return said(*f);
}

int __wrap_getsockopt(int fd, int level, int name, void* value, socklen_t* size) {
  const fault* const f = met(call::getsockopt);
  return f != nullptr ? said(*f) : __real_getsockopt(fd, level, name, value, size);
}

int __wrap_setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  const fault* const f = met(call::setsockopt);
  return f != nullptr ? said(*f) : __real_setsockopt(fd, level, name, value, size);
}

int __wrap_fcntl(int fd, int command, long argument) {
  const fault* const f = met(call::fcntl);
  return f != nullptr ? said(*f) : __real_fcntl(fd, command, argument);
}

ssize_t __wrap_send(int fd, const void* data, size_t size, int flags) {
  const fault* const f = met(call::send);
  if (f != nullptr && f->what != fault::effect::one_byte) return said(*f);
  return __real_send(fd, data, f != nullptr ? std::min<size_t>(size, 1) : size, flags);
}

ssize_t __wrap_sendmsg(int fd, const msghdr* message, int flags) {
  const fault* const f = met(call::send);
  if (f == nullptr) return __real_sendmsg(fd, message, flags);
  if (f->what != fault::effect::one_byte) return said(*f);
  iovec room;
  const msghdr part = first_byte(*message, room);
  return __real_sendmsg(fd, &part, flags);
}

ssize_t __wrap_recv(int fd, void* data, size_t size, int flags) {
  const fault* const f = met(receiving(flags));
  if (f != nullptr && f->what != fault::effect::one_byte) return said_of_reading(fd, *f);
  return __real_recv(fd, data, f != nullptr ? std::min<size_t>(size, 1) : size, flags);
}

ssize_t __wrap_recvmsg(int fd, msghdr* message, int flags) {
  const fault* const f = met(receiving(flags));
  if (f == nullptr) return __real_recvmsg(fd, message, flags);
  if (f->what != fault::effect::one_byte) return said_of_reading(fd, *f);
  iovec room;
  msghdr part = first_byte(*message, room);
  return __real_recvmsg(fd, &part, flags);
}

int __wrap_poll(pollfd* sockets, nfds_t count, int timeout) {
  const fault* const f = met(call::poll);
  return f != nullptr ? said(*f) : __real_poll(sockets, count, timeout);
}

}  // extern "C"

}  // namespace cmemcache::test::system_calls
