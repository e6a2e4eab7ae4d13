#include "session/session.hpp"

#include "protocol/binary_codec.hpp"
#include "protocol/meta_codec.hpp"
#include "protocol/text_codec.hpp"

namespace cmemcache::session {

using protocol::dialect;
using protocol::reply_shape;

namespace {

// Where a password in the classic commands was too much for a server, it may want it by SASL.
wire_protocol protocol_for(const session_options& options) noexcept {
  const bool by_sasl = options.protocol == wire_protocol::automatic && options.credentials != nullptr &&
                       options.known != nullptr && options.known->wants_sasl();
  return by_sasl ? wire_protocol::binary : options.protocol;
}

}  // namespace

session::session(const session_options& options) : options_(options), protocol_(protocol_for(options)) {}

// ---- writing

bool session::can_encode() const noexcept {
  if (stage_ != stage::greeted) return stage_ != stage::authenticating;
  return greetings_awaited_ == 0 && !waiting_.empty() && out_.size() < output_bound;
}

std::size_t session::output(std::span<piece> pieces) {
  if (stage_ != stage::greeted && can_encode()) encode_greeting();
  while (stage_ == stage::greeted && can_encode()) {
    pending_request& r = waiting_.pop();
    if (!is_unsupported(r)) encode(r);
    else finish_unsupported(r);
  }
  return out_.pieces(pieces);
}

// The server's version decides what may be said to it, so it is asked first and alone, unless what is spoken is settled.
void session::encode_greeting() {
  if (stage_ == stage::fresh && options_.credentials != nullptr) return encode_authentication();
  stage_ = stage::greeted;
  const bool depends = protocol_ == wire_protocol::automatic || protocol_ == wire_protocol::meta;
  const bool may_be_asked = options_.known == nullptr || options_.known->may_be_asked();
  if (depends && may_be_asked) encode_question(server_version, verb::version);
  if (options_.flush_first) encode_question(flush, verb::flush_all);
}

// A server that wants no password stores it, under a key and with an exptime at which nobody will find it.
void session::encode_authentication() {
  stage_ = stage::authenticating;
  if (protocol_ == wire_protocol::binary) return encode_question(authentication, verb::version);
  password_ = {.key = "authentication", .value = options_.credentials->ascii};
  questions_[authentication].elements = {&password_, 1};
  questions_[authentication].command.exptime = -1;
  encode_question(authentication, verb::set);
}

void session::encode_question(question what, verb op) {
  pending_request& r = questions_[what];
  r.command.op = op;
  ++greetings_awaited_;
  encode(r);
}

// A version may be that of a server behind a proxy which has no meta commands itself. It is tried with the one that does no harm,
// before anything depends on it; once for all connections to the server.
void session::learn_version(std::string_view text) {
  version_ = protocol::parse_server_version(text);
  if (options_.known == nullptr || options_.known->has_shown_meta()) return;
  if (!version_.has_meta()) return options_.known->has_answered(false);
  pending_request& r = questions_[meta_noop];
  r.dialect = dialect::meta;
  r.shape = reply_shape::quiet;
  ++greetings_awaited_;
  write(r);
}

// What the classic commands cannot say as well: whose a reply is (they echo no key but a hit's), and that only
// failures shall be answered. Plain gets stay classic: many of them are one line, and a hit names its key.
dialect session::dialect_for(const pending_request& r) const noexcept {
  if (protocol_ == wire_protocol::binary) return dialect::binary;
  if (protocol_ == wire_protocol::text || !version_.has_meta() || !protocol::meta::can_say(r.command))
    return dialect::text;
  return protocol_ == wire_protocol::meta || !is_retrieval(r.command.op) ? dialect::meta : dialect::text;
}

// Who insists on the meta commands shall not be given the classic ones in silence.
bool session::is_unsupported(const pending_request& r) const noexcept {
  return protocol_ == wire_protocol::meta && !version_.has_meta() && protocol::meta::can_say(r.command);
}

void session::finish_unsupported(pending_request& r) {
  last_line_.clear();
  if (options_.known != nullptr && !options_.known->may_be_asked())
    last_line_.append("it closed the connection at '").append(options_.known->closes_at()).append("', as a proxy may do");
  finish(r, errc::unsupported);
}

void session::encode(pending_request& r) {
  r.dialect = dialect_for(r);
  switch (r.dialect) {
    case dialect::text: r.shape = protocol::text::shape_of(r.command); break;
    case dialect::meta: r.shape = protocol::meta::shape_of(r.command, r.one_by_one ? 1 : r.elements.size()); break;
    case dialect::binary: r.shape = protocol::binary::shape_of(r.command, r.elements.size()); break;
  }
  write(r);
}

void session::write(pending_request& r) {
  awaiting_.push(r);  // first: should memory end, fail() finds it here
  r.starts_at = r.ends_at = bytes_encoded_;
  const std::size_t before = out_.size();
  if (r.dialect == dialect::meta) {
    r.first_opaque = next_opaque_;
    next_opaque_ += static_cast<std::uint32_t>(r.elements.size());
    protocol::meta::encode(r.command, r.elements, r.shape, r.first_opaque, out_);
  } else if (r.dialect == dialect::binary) {
    r.first_opaque = next_opaque_;
    next_opaque_ += static_cast<std::uint32_t>(r.elements.size()) + 1;
    if (is(r, authentication)) protocol::binary::encode_sasl_plain(options_.credentials->sasl_plain, r.first_opaque, out_);
    else protocol::binary::encode(r.command, r.elements, r.shape, r.first_opaque, out_);
  } else {
    protocol::text::encode(r.command, r.elements, out_);
  }
  bytes_encoded_ += out_.size() - before;
  r.ends_at = bytes_encoded_;
  if (r.shape != reply_shape::none) ++replies_awaited_;
}

void session::disown(const pending_request& r, std::size_t first, std::size_t count) {
  for (const protocol::element& e : r.elements.subspan(first, count))
    if (e.value.size() >= protocol::gather::reference_threshold) out_.adopt(e.value);
  const bool arriving = value_.active && awaiting_.front() == &r && value_.place != number_ &&
                        value_.index >= first && value_.index - first < count;
  if (!arriving) return;
  nowhere_ = std::make_unique_for_overwrite<char[]>(value_.size);
  value_.place = nowhere_.get();
}

void session::wrote(std::size_t size) noexcept {
  bytes_out_ += size;
  out_.consume(size);
  finish_written();
}

// Requests at the front that only their own last byte kept: those without a reply, and those answered early.
void session::finish_written() noexcept {
  while (!awaiting_.empty()) {
    pending_request& head = *awaiting_.front();
    if (head.ends_at > bytes_out_ || (head.shape != reply_shape::none && !head.answered)) return;
    awaiting_.pop();
    if (head.shape == reply_shape::none) {
      const item answer{.status = protocol::silent_status(head.command.op)};
      for (protocol::element& e : head.elements) {
        e.answered = true;
        if (head.sink != nullptr) head.sink->filed(e.slot, answer);
      }
      if (head.elements.empty() && head.sink != nullptr) head.sink->filed(0, answer);
    }
    finish(head, head.result);
  }
}

// ---- the end

// The server has ended the connection: because of what it was asked first, perhaps.
void session::note_closing() noexcept {
  if (options_.known == nullptr || greetings_awaited_ == 0) return;
  const pending_request& asked = *awaiting_.front();
  if (is(asked, flush) || asked.ends_at > bytes_out_) return;
  using state = server_knowledge::state;
  if (is(asked, authentication))
    closed_at_question_ = protocol_ == wire_protocol::automatic && options_.known->has_closed_at(state::closes_at_password);
  else
    closed_at_question_ =
        options_.known->has_closed_at(is(asked, server_version) ? state::closes_at_version : state::closes_at_mn);
}

void session::fail(error_code ec) noexcept {
  if (ec == boost::system::errc::connection_reset || ec == boost::system::errc::broken_pipe) note_closing();
  if (stage_ == stage::authenticating && protocol_ != options_.protocol) options_.known->forget();  // it is none for SASL either
  value_.active = false;
  out_.clear();
  in_.clear();
  replies_awaited_ = 0;
  greetings_awaited_ = 0;
  stage_ = stage::greeted;
  over_ = true;
  while (!awaiting_.empty()) {
    pending_request& r = awaiting_.pop();
    r.written = bytes_out_ > r.starts_at;
    finish(r, r.answered ? r.result : ec);
  }
  while (!waiting_.empty()) finish(waiting_.pop(), ec);
}

bool session::idle() const noexcept {
  return !over_ && waiting_.empty() && awaiting_.empty() && out_.empty() && in_.empty() && !value_.active;
}

}  // namespace cmemcache::session
