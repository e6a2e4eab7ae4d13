#include "net/quiet_thread.hpp"

#include <pthread.h>
#include <signal.h>

namespace cmemcache::net {

// A thread is born with its maker's mask.
std::thread quiet_thread(std::function<void()> work) {
  struct masked {
    sigset_t before;
    masked() noexcept {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    ~masked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
  } const guard;
  return std::thread(std::move(work));
}

}  // namespace cmemcache::net
