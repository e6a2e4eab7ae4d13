#pragma once

#include <span>

#include <cmemcache/error.hpp>

#include "net/deadline.hpp"
#include "net/channel.hpp"
#include "net/interruption.hpp"
#include "session/pending_request.hpp"

namespace cmemcache::net {

/// One server's part of a call: a borrowed channel, with the call's requests submitted to its session.
struct leg {
  net::channel* channel = nullptr;
  session::pending_request* last = nullptr;  ///< done last, because replies come in order
  error_code result;                         ///< what ended the channel, if anything did

  bool over() const noexcept { return last->done; }
};

/// Connects, writes and reads on all legs together until each is over, on the calling thread. No leg waits for
/// another. At `deadline` what is left fails with errc::timed_out, and when `stop` says so with errc::interrupted; the
/// channels concerned are closed, so that no late reply can meet another caller.
///
/// `start` is when the call began, `now` the clock when it was last read: one leg whose request fits the socket costs
/// a send and a recv, and no look at the clock.
void exchange(std::span<leg> legs, time_point start, time_point now, time_point deadline, const interruption& stop);

}  // namespace cmemcache::net
