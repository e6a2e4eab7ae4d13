#pragma once

#include <functional>
#include <thread>

namespace cmemcache::net {

/// A thread that no signal is delivered to: handlers belong to the program's own threads.
std::thread quiet_thread(std::function<void()> work);

}  // namespace cmemcache::net
