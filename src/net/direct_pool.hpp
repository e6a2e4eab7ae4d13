#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <cmemcache/error.hpp>
#include <cmemcache/server.hpp>

#include "net/deadline.hpp"
#include "net/channel.hpp"
#include "net/fork_guard.hpp"
#include "net/interruption.hpp"
#include "net/name_watch.hpp"

namespace cmemcache::net {

/// The blocking connections to one server: the idle ones, most recently used last, and the count of those lent.
///
/// A channel is lent to one call at a time and comes back only when nothing of that call is left on it. In a forked
/// child all descriptors are closed without a word to the server, and the child starts with none.
/// Thread safety: all members.
class direct_pool {
 public:
  struct settings {
    channel::settings connection;
    std::size_t max_connections = 8;
  };

  /// What sort of channel a caller needs: whichever, one that was never used, or a new one whose server is flushed
  /// before anything else (`flush_on_reconnect`). The last two close the idle ones.
  enum class need : std::uint8_t { any, fresh, fresh_and_flushed };

  /// A channel for one call; goes back by itself. Move-only; the pool must outlive it.
  class loan {
   public:
    loan() = default;
    loan(loan&& other) noexcept = default;
    loan& operator=(loan&& other) noexcept {
      give_back();
      pool_ = other.pool_;
      channel_ = std::move(other.channel_);
      reused_ = other.reused_;
      return *this;
    }
    ~loan() { give_back(); }

    explicit operator bool() const noexcept { return channel_ != nullptr; }
    channel* operator->() const noexcept { return channel_.get(); }
    channel& operator*() const noexcept { return *channel_; }

    /// The channel was idle: the server may have closed it since.
    bool reused() const noexcept { return reused_; }

    /// Kept for the next call when it is open and nothing is left on it, closed otherwise.
    void give_back() noexcept {
      if (channel_ != nullptr) pool_->take_back(std::move(channel_));
    }

   private:
    friend class direct_pool;
    direct_pool* pool_ = nullptr;
    std::unique_ptr<channel> channel_;
    bool reused_ = false;
  };

  /// `names` is told what is found, and tells when the server's name has moved.
  direct_pool(server where, name_watch& names, const settings& s);
  ~direct_pool();

  /// An idle channel, or a new one that is not connected yet. With max_connections lent, waits for one until
  /// `deadline` (errc::timed_out). errc::closed after close(), errc::no_server when turned away; and what resolve() reports.
  /// `now`: when the clock was last read; `waited` is set when time may have passed since.
  loan borrow(need what, time_point now, time_point deadline, const interruption& stop, bool& waited, error_code& ec);

  /// Closes the idle channels. Lent ones go on, and are closed when they come back.
  void disconnect();

  /// The server is dead: as disconnect(), and nobody waits for a channel any longer.
  void turn_away();

  /// As disconnect, and for good.
  void close();

  struct figures {
    std::size_t idle = 0;
    std::size_t lent = 0;
    std::uint64_t opened = 0;   ///< since the pool was made
  };
  figures count() const;

 private:
  struct lent_channel {
    net::channel* channel;
    bool keep = true;           // false once disconnect() came while it was lent
  };

  void take_back(std::unique_ptr<channel> channel) noexcept;
  bool wait_for_one(std::unique_lock<std::mutex>& lock, time_point deadline, const interruption& stop,
                    error_code& ec);
  std::unique_ptr<channel> open(bool flush, time_point deadline, const interruption& stop, error_code& ec) const;
  void drop_all(std::vector<std::unique_ptr<channel>>& idle);
  void drop_idle(std::vector<std::unique_ptr<channel>>& into);
  void drop_inherited() noexcept;

  const server where_;
  name_watch& names_;
  const settings settings_;
  mutable fork_guarded_mutex mutex_;
  std::condition_variable came_back_;
  std::vector<std::unique_ptr<channel>> idle_;
  std::vector<lent_channel> lent_;
  std::size_t opening_ = 0;     // promised to callers who are resolving the server's name
  std::size_t waiting_ = 0;
  std::uint64_t opened_ = 0;
  std::uint64_t turned_away_ = 0;   // so many times
  std::uint64_t names_version_ = 0;  // that the channels were made under, or a newer one
  bool closed_ = false;
};

}  // namespace cmemcache::net
