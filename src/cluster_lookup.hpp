#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cmemcache/options.hpp>
#include <cmemcache/server.hpp>

#include "net/deadline.hpp"
#include "net/tls_context.hpp"
#include "protocol/cluster_config.hpp"

namespace cmemcache {

/// One question to a cluster's configuration endpoints, one after the other until one answers, on a thread of its own: a call
/// like any other, with the client's time-outs. Whoever waits may leave first; the thread is told then, and ends within
/// net::longest_wait. Thread safety: all members.
class cluster_lookup {
 public:
  /// Begins. Throws std::system_error when there is no thread or no descriptor for it.
  cluster_lookup(std::vector<server> endpoints, const client_options& options, std::shared_ptr<const net::tls_context> tls);
  ~cluster_lookup() { stop(); }
  cluster_lookup(const cluster_lookup&) = delete;
  cluster_lookup& operator=(const cluster_lookup&) = delete;

  /// Becomes readable when it is finished, and stays so.
  int fd() const noexcept;

  bool finished() const noexcept;

  /// Returns when it is finished, at `until`, or when a signal comes.
  void wait(net::time_point until) const noexcept;

  struct answer {
    std::optional<protocol::cluster_config> config;
    std::string trouble;   ///< why there is none
  };

  /// When it is finished.
  const answer& result() const noexcept;

  void stop() noexcept;

  /// Whether its thread is in the parent of this process: it finishes never, and must be left as it is.
  bool is_inherited() const noexcept;

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace cmemcache
