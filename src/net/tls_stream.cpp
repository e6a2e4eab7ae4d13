#include "net/tls_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "net/tls_error.hpp"

namespace cmemcache::net {

namespace {

constexpr std::size_t record = 16 * 1024;       // plain bytes, at most
constexpr std::size_t records_at_once = 4;      // for one send
constexpr std::size_t kept = 1024;              // bytes of out_ that an idle connection holds
constexpr int receives_at_once = 4;             // the rest of a record, and what came meanwhile

}  // namespace

// OpenSSL's end of the socket.
struct tls_bio {
  static tls_stream& owner(BIO* b) noexcept { return *static_cast<tls_stream*>(::BIO_get_data(b)); }

  static int write(BIO* b, const char* data, std::size_t size, std::size_t* written) noexcept {
    tls_stream& s = owner(b);
    ::BIO_clear_retry_flags(b);
    try {
      s.out_.insert(s.out_.end(), data, data + size);
    } catch (const std::bad_alloc&) {
      s.out_of_memory_ = true;
      return 0;
    }
    s.made_ += size;
    *written = size;
    return 1;
  }

  static int read(BIO* b, char* data, std::size_t size, std::size_t* got) noexcept {
    tls_stream& s = owner(b);
    ::BIO_clear_retry_flags(b);
    *got = 0;
    const iovec place{data, size};
    if (s.receives_ == 0) {
      s.io_error_ = {EAGAIN, boost::system::system_category()};
    } else {
      --s.receives_;
      *got = std::exchange(s.waits_, false) ? s.socket_.receive({&place, 1}, s.io_error_)
                                            : s.socket_.receive_some({&place, 1}, s.io_error_);
      if (is_would_block(s.io_error_) || is_interrupted(s.io_error_)) s.receives_ = 0;
    }
    if (!s.io_error_ && *got == 0) s.met_end_ = true;
    if (*got != 0) return 1;
    if (is_would_block(s.io_error_) || is_interrupted(s.io_error_)) ::BIO_set_retry_read(b);
    return 0;
  }

  static long control(BIO* b, int command, long, void*) noexcept {
    if (command == BIO_CTRL_EOF) return owner(b).met_end_;
    return command == BIO_CTRL_FLUSH;
  }

  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* const m = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "cmemcache");
      if (m == nullptr) throw std::bad_alloc();
      ::BIO_meth_set_write_ex(m, write);
      ::BIO_meth_set_read_ex(m, read);
      ::BIO_meth_set_ctrl(m, control);
      return m;
    }();
    return made;
  }
};

// The connection ends without a word, and that is no reason to forget its ticket.
void tls_stream::deleter::operator()(ssl_st* s) const noexcept {
  ::SSL_set_shutdown(s, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  ::SSL_free(s);
}

tls_stream::tls_stream(tls_peer& peer, socket& over) : peer_(peer), socket_(over), ssl_(::SSL_new(&peer.context())) {
  if (ssl_ == nullptr) throw std::bad_alloc();
  BIO* const bio = ::BIO_new(tls_bio::method());
  if (bio == nullptr) throw std::bad_alloc();
  ::BIO_set_data(bio, this);
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(ssl_.get(), bio, bio);
  ::SSL_set_connect_state(ssl_.get());
  peer_.prepare(*ssl_, ticket_);
}

tls_stream::~tls_stream() = default;

void tls_stream::allow(reading how) noexcept {
  receives_ = how == reading::held ? 0 : receives_at_once;
  waits_ = how == reading::waits;
  io_error_.clear();
  ::ERR_clear_error();
}

void tls_stream::hand_over_ticket() noexcept {
  if (ticket_ != nullptr) peer_.remember(std::move(ticket_));
}

error_code tls_stream::shake_hands() {
  if (has_output()) {
    if (const error_code ec = flush()) return ec;
  }
  int result;
  {
    const std::lock_guard lock(peer_.handshakes());
    allow(reading::some);
    result = ::SSL_do_handshake(ssl_.get());
  }
  hand_over_ticket();
  handshaken_ = result == 1;
  if (handshaken_) return {};  // our last words go out with the first request
  const error_code ec = trouble(result);
  if (!is_would_block(ec) && !is_interrupted(ec)) {
    flush();  // the peer is told why, if it can be told at once
    return ec;
  }
  const error_code unsent = flush();
  return unsent ? unsent : ec;
}

// ---- sending

std::size_t tls_stream::send_some(std::span<const iovec> pieces, bool all, error_code& ec) {
  ec.clear();
  if (under_way_ == 0) encrypt(pieces, all, ec);
  if (!ec) ec = flush();
  if (ec) return 0;
  plain_sent_ += under_way_;
  return std::exchange(under_way_, 0);
}

bool tls_stream::may_have_taken_beyond(std::uint64_t before) const noexcept {
  return before < plain_before_ || socket_.may_have_taken_beyond(under_way_from_);
}

// Small pieces share a record, large ones are read from where they lie.
//
// memcached before 1.6.39 may leave a part of a record in OpenSSL, namely what did not fit into its buffer or comes behind the value
// that it was reading, and wait for the socket, which has nothing more to tell if that was all. So the last bytes of a long
// request are a record of their own: they stay in the socket until all before them has been taken, and are always wanted.
void tls_stream::encrypt(std::span<const iovec> pieces, bool all, error_code& ec) {
  std::size_t total = 0;
  for (const iovec& p : pieces) total += p.iov_len;
  const std::size_t size = std::min(total, records_at_once * record);
  const bool ends = all && size == total;
  const std::size_t last = ends && (amid_request_ || size > record) ? std::min<std::size_t>(size, 2) : 0;
  const std::size_t before_last = size - last;
  amid_request_ = !ends;
  plain_before_ = plain_sent_;
  under_way_from_ = made_;

  std::array<char, record> gathered;
  std::size_t filled = 0;
  ::ERR_clear_error();
  for (const iovec& p : pieces) {
    const char* data = static_cast<const char*>(p.iov_base);
    for (std::size_t left = p.iov_len; left != 0;) {
      const std::size_t at = under_way_ + filled;
      if (at == size) return;
      const std::size_t step = std::min({left, record - filled, (at < before_last ? before_last : size) - at});
      const bool lies_well = step == record;
      if (!lies_well) std::memcpy(gathered.data() + filled, data, step);
      filled += step;
      const bool whole = filled == record || at + step == before_last || at + step == size;
      if (whole && !encrypt(lies_well ? data : gathered.data(), std::exchange(filled, 0), ec)) return;
      data += step;
      left -= step;
    }
  }
}

bool tls_stream::encrypt(const char* data, std::size_t size, error_code& ec) {
  std::size_t written = 0;
  receives_ = 0;
  const int result = ::SSL_write_ex(ssl_.get(), data, size, &written);
  if (result != 1) {
    ec = trouble(result);
    if (is_would_block(ec)) ec = errc::protocol_error;  // it wants to negotiate anew, which is not allowed
    return false;
  }
  under_way_ += size;
  return true;
}

error_code tls_stream::flush() {
  while (has_output()) {
    const iovec rest{out_.data() + sent_, out_.size() - sent_};
    error_code ec;
    sent_ += socket_.send_some({&rest, 1}, ec);
    if (ec) return ec;
  }
  out_.clear();
  sent_ = 0;
  if (out_.capacity() > kept) std::vector<char>().swap(out_);
  return {};
}

// ---- receiving

std::size_t tls_stream::receive(std::span<const iovec> places, reading how, error_code& ec) {
  std::size_t total = 0;
  ec.clear();
  more_ = false;
  allow(how);
  for (const iovec& place : places) {
    for (std::size_t filled = 0; filled < place.iov_len;) {
      std::size_t got = 0;
      if (!ended_ && ::SSL_read_ex(ssl_.get(), static_cast<char*>(place.iov_base) + filled, place.iov_len - filled, &got) == 1) {
        filled += got;
        total += got;
        waits_ = false;
        if (::SSL_has_pending(ssl_.get()) == 1) continue;
        hand_over_ticket();
        return total;
      }
      if (!ended_) {
        const error_code why = trouble(0);
        hand_over_ticket();
        if (is_would_block(why) || is_interrupted(why)) {
          if (total == 0) ec = why;
          return total;
        }
        ended_ = true;
        end_ = why == errc::connection_closed ? error_code() : why;
      }
      // What came before is given first.
      more_ = total != 0;
      if (!more_) ec = end_;
      return total;
    }
  }
  more_ = ::SSL_has_pending(ssl_.get()) == 1;
  hand_over_ticket();
  return total;
}

bool tls_stream::has_input() {
  if (ended_) return true;
  char byte;
  std::size_t got = 0;
  allow(reading::some);
  if (::SSL_peek_ex(ssl_.get(), &byte, 1, &got) == 1) return true;
  const error_code why = trouble(0);
  hand_over_ticket();
  return !is_would_block(why) && !is_interrupted(why);
}

error_code tls_stream::reason_of(error_code ec) {
  if (ended_ && end_) return end_;
  char byte;
  std::size_t got = 0;
  allow(reading::some);
  if (::SSL_peek_ex(ssl_.get(), &byte, 1, &got) == 1) return ec;
  const error_code why = trouble(0);
  return why.category() == tls_category() ? why : ec;
}

// Of a call that did not do what it should.
error_code tls_stream::trouble(int result) {
  const int sort = ::SSL_get_error(ssl_.get(), result);
  if (std::exchange(out_of_memory_, false)) return errc::not_enough_memory;
  if (sort == SSL_ERROR_WANT_READ) return io_error_;
  if (io_error_) return io_error_;
  if (sort == SSL_ERROR_ZERO_RETURN) return errc::connection_closed;
  if (!handshaken_) {
    if (const long why = ::SSL_get_verify_result(ssl_.get());
        why != X509_V_OK && ERR_GET_REASON(::ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED)
      return {static_cast<int>(why), certificate_category()};
    if (met_end_) return tls_error(tls_trouble::closed_in_handshake);
  }
  if (met_end_ || ::ERR_peek_error() == 0) return errc::connection_closed;
  return take_tls_error();
}

std::string tls_stream::description() const {
  return std::string(::SSL_get_version(ssl_.get())) + (::SSL_session_reused(ssl_.get()) == 1 ? ", resumed" : "");
}

}  // namespace cmemcache::net
