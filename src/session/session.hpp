#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <cmemcache/error.hpp>
#include <cmemcache/options.hpp>

#include "protocol/credentials.hpp"
#include "protocol/gather.hpp"
#include "protocol/reply_line.hpp"
#include "protocol/server_version.hpp"
#include "session/pending_request.hpp"
#include "session/read_buffer.hpp"
#include "session/server_knowledge.hpp"

namespace cmemcache::session {

struct session_options {
  wire_protocol protocol = wire_protocol::automatic;
  std::size_t max_reply_length = 1024 * 1024 * 1024;  ///< bytes: a value announced larger is a protocol error
  bool flush_first = false;                           ///< flush_all before anything that is submitted
  server_knowledge* known = nullptr;                  ///< must outlive the session; null: the version is believed
  std::shared_ptr<const protocol::credentials> credentials = {};  ///< said before anything else
};

/// One connection's memory, and no I/O: what is queued, what is being written, what is awaited, and what of it has
/// arrived. Whoever moves the bytes asks for output() and tells wrote(), asks for input() and tells received():
///
///     submit ─▶ waiting_ ─(output: encoded)─▶ awaiting_ ─(received: answered)─▶ done
///
/// Order is the truth, the echo is the assertion: replies belong to the front of awaiting_, and the key of a VALUE, the
/// opaque of a meta reply, and both of a binary one must agree. If it does not, or a line is not understood, every request here fails and
/// nobody gets a value. After an error, or fail(), the session is over: make a new one for a new connection.
///
/// Resource type, owned by one channel, used by one thread at a time.
class session {
 public:
  using piece = protocol::gather::piece;

  /// The two places that the next bytes go to: the rest of a large value first, then the buffer.
  struct places {
    std::span<char> value;
    std::span<char> buffer;
  };

  explicit session(const session_options& options);
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Queues. Nothing is encoded before output() asks.
  void submit(pending_request& r) noexcept { waiting_.push(r); }

  /// Would a request that is submitted now be encoded at once by output()? Not while the server's version is awaited, nor
  /// with a good deal encoded ahead.
  bool is_ready() const noexcept {
    return stage_ == stage::greeted && greetings_awaited_ == 0 && waiting_.empty() && out_.size() < output_bound;
  }

  /// The owner of `count` elements of `r` from `first` on, which was encoded and is not done, leaves: what is still to be
  /// written of their values is copied, and a value that is arriving goes nowhere. Their answers still come to the sink.
  /// When it throws bad_alloc, call fail().
  void disown(const pending_request& r, std::size_t first, std::size_t count);

  /// The next bytes to write; returns how many of `pieces` were filled, 0 when there is nothing to write now.
  /// Encodes what waits, up to a bound. When it throws bad_alloc, call fail().
  std::size_t output(std::span<piece> pieces);

  /// `size` of these bytes were written.
  void wrote(std::size_t size) noexcept;

  /// Are there bytes that are not written yet, or requests that could be encoded now?
  bool wants_write() const noexcept { return !out_.empty() || can_encode(); }

  /// Is any reply awaited?
  bool wants_read() const noexcept { return replies_awaited_ != 0; }

  /// Where to read to. At least one byte in all.
  places input() noexcept;

  /// `size` bytes were put there, the value's place first; 0 is the end of the stream. Understands all of them.
  /// On an error everything has failed and the connection must be closed.
  error_code received(std::size_t size) noexcept;

  /// The connection is lost or given up: everything queued here finishes with `ec`.
  void fail(error_code ec) noexcept;

  /// Nothing queued, written or awaited, and no bytes left over: another caller may use the connection.
  bool idle() const noexcept;

  /// It is idle, and may be for a while: gives back memory that it does not need to be so.
  void trim() noexcept { out_.trim(); }

  /// Bytes received and written so far.
  std::uint64_t bytes_in() const noexcept { return bytes_in_; }
  std::uint64_t bytes_out() const noexcept { return bytes_out_; }

  /// 0.0.0 before the server was asked, and where it is not.
  const protocol::server_version& version() const noexcept { return version_; }

  /// The connection was closed at a question of our own, which the next one to the server is not asked: what was submitted has
  /// not left, and may be asked again on that.
  bool closed_at_question() const noexcept { return closed_at_question_; }

  /// The server's line that ended the session, for people. Empty if none did.
  const std::string& last_line() const noexcept { return last_line_; }

 private:
  struct value_in_progress {
    bool active = false;
    std::uint32_t index = 0;     // of the element
    std::size_t size = 0;
    std::size_t got = 0;
    char* place = nullptr;
    item answer;
  };

  static constexpr std::size_t output_bound = 32 * 1024;  // bytes encoded ahead of the socket, and one request more

  // Our own requests, which come before all others.
  enum question : std::uint8_t { authentication, server_version, flush, meta_noop };

  // Authentication goes alone: replies to what is sent with it may be lost in its own (memcached's -Y).
  enum class stage : std::uint8_t { fresh, authenticating, authenticated, greeted };

  bool can_encode() const noexcept;
  void encode_greeting();
  void encode_authentication();
  void encode_question(question what, verb op);
  void learn_version(std::string_view text);
  bool is(const pending_request& r, question what) const noexcept { return &r == &questions_[what]; }
  bool is_question(const pending_request& r) const noexcept {
    return &r >= questions_.data() && &r < questions_.data() + questions_.size();
  }
  void note_closing() noexcept;
  void finish_unsupported(pending_request& r);
  void encode(pending_request& r);
  void write(pending_request& r);
  protocol::dialect dialect_for(const pending_request& r) const noexcept;
  bool is_unsupported(const pending_request& r) const noexcept;

  error_code understand();
  error_code understand_frame(bool& complete);
  error_code understand_line(bool& complete);
  bool take_usual(pending_request& head) noexcept;
  bool take_hit(pending_request& head, protocol::element& e) noexcept;
  error_code take_value();
  error_code end_value();
  error_code handle(const protocol::reply_line& line);
  error_code begin_value(const protocol::reply_line& line);
  error_code handle_answer(const protocol::reply_line& line);
  error_code handle_end(const protocol::reply_line& line);
  error_code handle_failure(const protocol::reply_line& line);
  void refuse(std::size_t index, error_code why, std::string_view words) noexcept;
  void file(std::size_t index, const item& answer) noexcept;
  void file_the_rest(status what) noexcept;
  void finish_head(error_code ec) noexcept;
  static void finish(pending_request& r, error_code ec) noexcept {
    r.result = ec;
    r.by_key.reset();
    r.done = true;
    if (r.finished != nullptr) r.finished(r);
  }
  void finish_written() noexcept;

  const session_options options_;
  const wire_protocol protocol_;             // automatic may have become another for a server that is known
  protocol::gather out_;
  read_buffer in_;
  request_queue waiting_;
  request_queue awaiting_;
  std::size_t replies_awaited_ = 0;          // requests in awaiting_ that the server answers
  value_in_progress value_;
  std::unique_ptr<char[]> nowhere_;          // the place of a value that nobody waits for any more
  char number_[24];                          // the body of a reply to ma
  std::array<pending_request, 4> questions_;
  protocol::element password_;               // the classic commands store it
  std::size_t greetings_awaited_ = 0;
  stage stage_ = stage::fresh;
  bool over_ = false;                        // it failed
  bool closed_at_question_ = false;
  protocol::server_version version_;
  std::uint32_t next_opaque_ = 1;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::uint64_t bytes_encoded_ = 0;
  std::string last_line_;
};

}  // namespace cmemcache::session
