#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <cmemcache/server.hpp>

#include "net/socket.hpp"

namespace cmemcache::net {

/// The addresses of a server that needs no lookup: a number, or a path.
std::optional<std::vector<endpoint>> known_addresses(const server& where);

/// The lookup of a server's name by the system's resolver, on a thread of its own, because that call knows no deadline.
/// Whoever waits may leave first: the thread ends by itself when the resolver returns. One owner.
class lookup {
 public:
  /// Begins. Throws std::system_error when there is no thread or no descriptor for it.
  explicit lookup(const server& where);

  /// Becomes readable when the lookup is finished.
  int fd() const noexcept;

  bool finished() const;

  /// The addresses in the order in which they should be tried, once; empty when the name is not known.
  std::vector<endpoint> take();

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace cmemcache::net
