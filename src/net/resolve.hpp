#pragma once

#include <vector>

#include <cmemcache/error.hpp>
#include <cmemcache/server.hpp>

#include "net/deadline.hpp"
#include "net/interruption.hpp"
#include "net/name_watch.hpp"
#include "net/socket.hpp"

namespace cmemcache::net {

/// The addresses of a server, in the order in which they should be tried. A name is looked up by the system's resolver
/// (see lookup), and `names` told; when `deadline` passes first the answer is errc::timed_out. Throws std::system_error as
/// lookup does.
std::vector<endpoint> resolve(const server& where, name_watch& names, time_point deadline, const interruption& stop,
                              error_code& ec);

}  // namespace cmemcache::net
