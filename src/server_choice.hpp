#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/container/small_vector.hpp>
#include <boost/container/static_vector.hpp>

#include <cmemcache/options.hpp>

#include "protocol/command.hpp"
#include "routing/stand_in.hpp"
#include "server_pool.hpp"

namespace cmemcache {

/// Which server each key of one call goes to, and what the call has learned of its servers. Belongs to one call.
///
/// A server is asked once per call whether it may be tried, so that all keys find the same answer, and only one call at
/// a time probes a dead one.
class server_choice {
 public:
  using time_point = session::failure_policy::time_point;

  /// What this call knows of one server.
  struct standing {
    enum class verdict : std::uint8_t { not_asked, usable, unusable };
    verdict use = verdict::not_asked;
    time_point since{};        ///< when something was last given to it
    bool probing = false;      ///< it was dead, and this call tries it
    bool retried = false;      ///< a stale connection was met
    bool one_by_one = false;   ///< every element shall have a reply of its own
  };

  /// One server's elements.
  struct share {
    std::size_t server;
    std::span<protocol::element> elements;
  };
  using shares = boost::container::small_vector<share, 1>;

  /// `prefix`: the call's, the client's own included. `stand_ins`: empty, or for each slot what its key is placed by
  /// instead, prefix and all.
  server_choice(const server_pool& servers, const client_options& options, std::string_view prefix,
                std::span<const routing::stand_in> stand_ins);

  /// Holds until another server is asked for.
  standing& operator[](std::size_t server) {
    for (met& m : few_)
      if (m.server == server) return m.of;
    return meet(server);
  }

  /// The call was given to `server`, which was alive, at that time.
  void chosen(std::size_t server, time_point at) {
    (*this)[server] = {.use = standing::verdict::usable, .since = at};
  }

  /// May this call try `server`?
  bool is_usable(std::size_t server, time_point now);

  /// Splits `todo` by server, in the borrowing order. Elements that no server may be tried for are in no share. The
  /// spans point into `todo` or into this object, and hold until the next split.
  shares split(std::span<protocol::element> todo, time_point now);

  /// Whether the last split left elements out.
  bool left_out() const noexcept { return left_out_; }

  /// The servers that may not be tried, for people.
  std::string unusable_names() const;

 private:
  // Most calls meet one or two of perhaps a thousand servers: those are searched for. A call that meets more has all.
  struct met {
    std::size_t server;
    standing of;
  };

  standing& meet(std::size_t server);
  shares split_by_server(std::span<protocol::element> todo, time_point now);
  std::size_t choose(const protocol::element& e, time_point now);
  std::string_view hashed_part(std::string_view key, std::span<char> buffer) const noexcept;

  const server_pool& servers_;
  const std::string_view hashed_prefix_;
  const std::span<const routing::stand_in> stand_ins_;
  boost::container::static_vector<met, 3> few_;
  std::vector<standing> all_;                // by server, or empty
  std::vector<protocol::element> grouped_;   // by server, when there are several
  bool left_out_ = false;
};

}  // namespace cmemcache
