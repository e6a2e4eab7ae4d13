#pragma once

#include <memory>
#include <string>

#include <cmemcache/server.hpp>
#include <cmemcache/tls_options.hpp>

#include "net/fork_guard.hpp"

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

namespace cmemcache::net {

/// What all TLS connections of a client have in common: the certificates, read once. Thread safety: immutable.
class tls_context {
 public:
  /// Throws cmemcache::error (errc::bad_argument), which names the file and says what is wrong with it.
  explicit tls_context(tls_options options);

  const tls_options& options() const noexcept { return options_; }
  ssl_ctx_st& get() const noexcept { return *context_; }

 private:
  struct deleter {
    void operator()(ssl_ctx_st* c) const noexcept;
  };

  const tls_options options_;
  std::unique_ptr<ssl_ctx_st, deleter> context_;
};

/// One server as TLS knows it: the name that its certificate must be for, and the last ticket that it gave, by which the next
/// connection is made in half the work. Shared by its connections, and outlives them. Thread safety: all members.
class tls_peer {
 public:
  struct session_deleter {
    void operator()(ssl_session_st* s) const noexcept;
  };
  using session = std::unique_ptr<ssl_session_st, session_deleter>;

  /// Throws cmemcache::error (errc::bad_argument) where there is no name to check.
  tls_peer(std::shared_ptr<const tls_context> context, const server& where);

  /// A new connection: who is expected, and the last ticket. Those that it will be given are put into `fresh`, to be remembered later:
  /// they come in the middle of other things. Throws bad_alloc.
  void prepare(ssl_st& connection, session& fresh);

  void remember(session fresh) noexcept;

  /// Held during each step of a handshake. OpenSSL has locks of its own below those, which a forked child would find locked for
  /// ever: a fork waits for the end of the step.
  std::mutex& handshakes() noexcept { return mutex_; }

  ssl_ctx_st& context() const noexcept { return context_->get(); }

 private:
  const std::shared_ptr<const tls_context> context_;
  const std::string name_;
  const bool is_address_;
  fork_guarded_mutex mutex_;  // guards what follows, too
  session last_;
};

}  // namespace cmemcache::net
