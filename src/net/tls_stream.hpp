#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <cmemcache/error.hpp>

#include "net/socket.hpp"
#include "net/tls_context.hpp"

struct bio_st;

namespace cmemcache::net {

/// TLS on a connected socket. Records to send are made in a buffer of our own, which is then written to the socket: so OpenSSL
/// always can write, none of its rules about trying again matter, and a few large records go out together. What comes it reads
/// from the socket itself.
///
///     pieces ─(gathered, 16 KiB a record)─▶ OpenSSL ─▶ out_ ─▶ send
///     places ◀──────────────────────────── OpenSSL ◀───────── recv
///
/// It waits only where told to, once. Of a stream that ends nobody asks whether it ended with TLS's own goodbye: a reply says
/// itself where it ends, and servers do not all say goodbye. None is said by us. Resource type; one thread at a time.
class tls_stream {
 public:
  /// How a receive goes about it: waits for the first bytes until the socket's limit; takes what is there; takes only what has left
  /// the socket already.
  enum class reading : std::uint8_t { waits, some, held };

  /// Both must outlive it. Throws bad_alloc.
  tls_stream(tls_peer& peer, socket& over);
  ~tls_stream();
  tls_stream(const tls_stream&) = delete;
  tls_stream& operator=(const tls_stream&) = delete;

  /// Goes on with the handshake. No error: it is done. would_block: the socket must become readable, or writable if has_output().
  error_code shake_hands();

  /// Writes some of `pieces`, and returns how many of their bytes the kernel has taken whole records of. would_block when it took
  /// none: the next call must be with the same bytes, of which there may be more then. `all`: nothing is to be written behind them
  /// as yet, and they end where a request ends.
  std::size_t send_some(std::span<const iovec> pieces, bool all, error_code& ec);

  /// Whether records are made that the kernel has not taken; flush() tries.
  bool has_output() const noexcept { return sent_ < out_.size(); }
  error_code flush();

  /// See socket; `before` counts plain bytes. Nobody knows it of others than those that were encrypted last.
  bool may_have_taken_beyond(std::uint64_t before) const noexcept;

  /// Reads as socket::receive and receive_some do. When has_more() is true afterwards, another call finds something without the
  /// socket, which need not become readable for it.
  std::size_t receive(std::span<const iovec> places, reading how, error_code& ec);
  bool has_more() const noexcept { return more_; }

  /// Whether a receive would give bytes, the end, or an error. Tickets, which come unasked, are taken in and are none of these.
  bool has_input();

  /// Sending has failed with `ec`: what the peer has said of it, if it did.
  error_code reason_of(error_code ec);

  /// "TLSv1.3", "TLSv1.3, resumed".
  std::string description() const;

 private:
  struct deleter {
    void operator()(ssl_st* s) const noexcept;
  };
  friend struct tls_bio;

  void encrypt(std::span<const iovec> pieces, bool all, error_code& ec);
  bool encrypt(const char* data, std::size_t size, error_code& ec);
  error_code trouble(int result);
  void allow(reading how) noexcept;
  void hand_over_ticket() noexcept;

  tls_peer& peer_;
  socket& socket_;
  std::vector<char> out_;
  std::size_t sent_ = 0;       // of out_
  std::size_t under_way_ = 0;  // plain bytes in out_
  std::uint64_t plain_sent_ = 0;       // since the beginning, what is under way left out
  std::uint64_t made_ = 0;             // bytes of records, since the beginning
  std::uint64_t under_way_from_ = 0;   // made_ before the plain bytes that were encrypted last
  std::uint64_t plain_before_ = 0;     // plain_sent_ then
  bool amid_request_ = false;  // what was encrypted last ended there
  bool handshaken_ = false;
  bool more_ = false;
  bool ended_ = false;         // nothing more will come, and end_ says why: no error is the end of the stream
  error_code end_;
  tls_peer::session ticket_;

  // For OpenSSL's calls of us.
  int receives_ = 0;           // that it may still make
  bool waits_ = false;         // the next of them
  bool out_of_memory_ = false;
  bool met_end_ = false;       // of the socket's stream
  error_code io_error_;        // what the last of them said

  std::unique_ptr<ssl_st, deleter> ssl_;
};

}  // namespace cmemcache::net
