// The second half of session: what has arrived, and whose it is.

#include <algorithm>
#include <cstring>
#include <new>

#include "protocol/binary_codec.hpp"
#include "protocol/digits.hpp"
#include "protocol/meta_codec.hpp"
#include "protocol/text_codec.hpp"
#include "session/reply_matcher.hpp"
#include "session/session.hpp"

namespace cmemcache::session {

using protocol::dialect;
using protocol::reply_line;
using protocol::reply_shape;

namespace {

constexpr std::size_t kept_of_line = 200;        // bytes of an offending line shown to people

bool expects_reply(const pending_request& r) noexcept { return r.shape != reply_shape::none && !r.answered; }

// It was answered all the same: the binary protocol knows no request that never is.
bool wants_silence(const pending_request& r) noexcept {
  return r.command.noreply && protocol::takes_noreply(r.command.op);
}

bool has_key(const pending_request& r, std::size_t index, std::string_view wire_key) noexcept {
  return protocol::take(wire_key, r.command.prefix) && wire_key == r.elements[index].key;
}

}  // namespace

session::places session::input() noexcept {
  if (value_.active && value_.got < value_.size)
    return {{value_.place + value_.got, value_.size - value_.got}, in_.room()};
  return {{}, in_.room()};
}

error_code session::received(std::size_t size) noexcept {
  error_code ec;
  if (size == 0) {
    ec = errc::connection_closed;
    note_closing();
  } else {
    bytes_in_ += size;
    std::size_t of_value = 0;
    if (value_.active) {
      of_value = std::min(size, value_.size - value_.got);
      value_.got += of_value;
    }
    in_.filled(size - of_value);
    try {
      ec = understand();
    } catch (const std::bad_alloc&) {
      ec = errc::not_enough_memory;
    }
  }
  if (ec) fail(ec);
  return ec;
}

error_code session::understand() {
  for (;;) {
    if (value_.active) {
      if (const error_code ec = take_value(); ec || value_.active) return ec;
    }
    if (in_.empty()) return {};
    // Bytes that nobody asked for, or a second answer to a request that is still being written.
    if (replies_awaited_ == 0 || !expects_reply(*awaiting_.front())) {
      last_line_ = in_.waiting().substr(0, kept_of_line);
      return errc::protocol_error;
    }
    if (awaiting_.front()->shape == reply_shape::line && take_usual(*awaiting_.front())) continue;
    bool complete = true;
    const bool framed = awaiting_.front()->dialect == dialect::binary;
    const error_code ec = framed ? understand_frame(complete) : understand_line(complete);
    if (ec || !complete) return ec;
  }
}

error_code session::understand_line(bool& complete) {
  const pending_request& head = *awaiting_.front();
  std::string_view line;
  const auto result = in_.take_line(line);
  complete = result != read_buffer::line_result::incomplete;
  if (result == read_buffer::line_result::malformed) line = in_.waiting();
  if (result != read_buffer::line_result::found && complete) {
    last_line_ = line.substr(0, kept_of_line);
    return errc::protocol_error;
  }
  if (!complete) return {};
  const auto parse = head.dialect == dialect::text ? protocol::text::parse : protocol::meta::parse;
  const error_code ec = handle(parse(line, head.command.op));
  if (ec) last_line_ = line.substr(0, kept_of_line);
  return ec;
}

// A no-op answers behind all elements, and so does a command that has none.
error_code session::understand_frame(bool& complete) {
  const pending_request& head = *awaiting_.front();
  reply_line reply;
  const std::size_t size = protocol::binary::read(in_.waiting(), head.command.op, reply);
  complete = size != 0;
  if (!complete) return {};
  in_.consume(size);
  const bool behind_all = reply.what == reply_line::kind::fence || head.elements.empty();
  const std::uint32_t index = reply.opaque - head.first_opaque;
  if (reply.has_opaque && behind_all && index != head.elements.size()) return errc::protocol_error;
  const error_code ec = handle(reply);
  if (ec) last_line_ = reply.text.substr(0, kept_of_line);
  return ec;
}

// The usual answer to a retrieval: hits that come in the order of the keys, whole, and the end. False: there is more, and it is
// for the rest of understand().
bool session::take_usual(pending_request& head) noexcept {
  while (head.by_key == nullptr && head.cursor < head.elements.size() && take_hit(head, head.elements[head.cursor])) {
  }
  if (!protocol::text::is_end(in_.waiting())) return false;
  in_.consume(protocol::text::end_size);
  file_the_rest(status::miss);
  finish_head({});
  return true;
}

bool session::take_hit(pending_request& head, protocol::element& e) noexcept {
  const std::string_view arrived = in_.waiting();
  protocol::text::value_line line;
  const std::size_t start = protocol::text::read_value(arrived, head.command.op, head.command.prefix, e.key, line);
  if (start == 0 || line.size > options_.max_reply_length || arrived.size() - start < line.size ||
      arrived.size() - start - line.size < 2)
    return false;
  const char* const from = arrived.data() + start;
  if (from[line.size] != '\r' || from[line.size + 1] != '\n') return false;
  char* const place = head.sink->place(e.slot, line.size);
  if (place == nullptr) return false;
  std::memcpy(place, from, line.size);
  in_.consume(start + line.size + 2);
  ++head.cursor;
  e.answered = true;
  head.sink->filed(e.slot, {.status = status::hit, .flags = line.flags, .cas = line.cas, .value = {place, line.size}});
  return true;
}

// More of the value from the buffer; when it is whole, the CR LF behind it.
error_code session::take_value() {
  const std::string_view waiting = in_.waiting();
  const std::size_t part = std::min(value_.size - value_.got, waiting.size());
  if (part != 0) {
    std::memcpy(value_.place + value_.got, waiting.data(), part);
    value_.got += part;
    in_.consume(part);
  }
  if (value_.got < value_.size) return {};
  if (awaiting_.front()->dialect == dialect::binary) return end_value();
  if (in_.waiting().size() < 2) return {};
  if (!in_.waiting().starts_with("\r\n")) return errc::protocol_error;
  in_.consume(2);
  return end_value();
}

error_code session::end_value() {
  value_.active = false;
  const auto nowhere = std::move(nowhere_);
  std::string_view bytes(value_.place, value_.size);
  if (value_.answer.status == status::number) {
    if (!protocol::take_number(bytes, value_.answer.number) || bytes.find_first_not_of(' ') != bytes.npos)
      return errc::protocol_error;
  } else {
    value_.answer.value = bytes;
  }
  file(value_.index, value_.answer);
  return {};
}

error_code session::handle(const reply_line& line) {
  switch (line.what) {
    case reply_line::kind::value: return begin_value(line);
    case reply_line::kind::answer: return handle_answer(line);
    case reply_line::kind::end:
    case reply_line::kind::fence: return handle_end(line);
    case reply_line::kind::stat:
      if (awaiting_.front()->sink != nullptr) awaiting_.front()->sink->stat(line.key, line.text);
      return {};
    case reply_line::kind::failure: return handle_failure(line);
  }
  return errc::protocol_error;
}

error_code session::begin_value(const reply_line& line) {
  pending_request& head = *awaiting_.front();
  std::size_t index = no_element;
  if (head.dialect == dialect::text) index = match_key(head, line.key);
  else if (line.has_opaque) index = match_opaque(head, line.opaque);
  if (head.dialect == dialect::binary && index != no_element && !has_key(head, index, line.key)) index = no_element;
  if (index == no_element || (head.shape == reply_shape::in_order && index != head.cursor))
    return errc::protocol_error;
  const bool is_number = line.status == status::number;
  if (line.size > (is_number ? sizeof number_ : options_.max_reply_length)) return errc::protocol_error;
  value_ = {.active = true,
            .index = static_cast<std::uint32_t>(index),
            .size = line.size,
            .place = is_number ? number_ : head.sink->place(head.elements[index].slot, line.size),
            .answer = {.status = line.status, .flags = line.flags, .cas = line.cas}};
  return value_.place == nullptr ? error_code(errc::not_enough_memory) : error_code();
}

error_code session::handle_answer(const reply_line& line) {
  pending_request& head = *awaiting_.front();
  if (head.shape == reply_shape::quiet && head.elements.empty()) return errc::protocol_error;  // only MN ends an mn
  if (head.elements.empty()) {
    if (is(head, server_version)) learn_version(line.text);
    if (head.sink != nullptr) head.sink->filed(0, {.status = line.status, .value = line.text});
    finish_head({});
    return {};
  }
  std::size_t index = head.cursor;
  if (head.dialect != dialect::text) index = line.has_opaque ? match_opaque(head, line.opaque) : no_element;
  if (index == no_element || (head.shape == reply_shape::in_order && index != head.cursor))
    return errc::protocol_error;
  file(index, {.status = line.status, .number = line.number});
  return {};
}

// END and MN: whatever was not mentioned has the answer that the silence stands for.
error_code session::handle_end(const reply_line& line) {
  pending_request& head = *awaiting_.front();
  switch (head.shape) {
    case reply_shape::list:
      if (head.sink != nullptr) head.sink->filed(0, {.status = status::ok});
      break;
    case reply_shape::line: file_the_rest(status::miss); break;
    case reply_shape::quiet:
      if (line.what != reply_line::kind::fence) return errc::protocol_error;
      if (!head.ambiguous) file_the_rest(protocol::silent_status(head.command.op));
      if (is(head, meta_noop)) options_.known->has_answered(true);
      break;
    default: return errc::protocol_error;
  }
  finish_head({});
  return {};
}

error_code session::handle_failure(const reply_line& line) {
  pending_request& head = *awaiting_.front();
  const error_code ec = line.code;
  if (is(head, authentication)) return errc::authentication_failed;
  if (greetings_awaited_ != 0 && (line.text == "ERROR" || !is_fatal(ec))) {
    if (is(head, meta_noop)) version_ = {};
    finish_head({});  // an old server or a proxy that has no `version` or `mn`, or one that forbids flush_all
    return {};
  }
  if (is_fatal(ec)) return ec;
  if (line.has_opaque && !head.elements.empty()) {
    const std::size_t index = match_opaque(head, line.opaque);
    if (index == no_element || (head.shape == reply_shape::in_order && index != head.cursor)) return errc::protocol_error;
    refuse(index, ec, line.text);
    return {};
  }
  if (head.shape == reply_shape::quiet) {
    head.ambiguous = true;  // the error names no opaque
    last_line_ = line.text.substr(0, kept_of_line);
    return {};
  }
  if (head.shape == reply_shape::in_order && !head.elements.empty()) {
    refuse(head.cursor, ec, line.text);
    return {};
  }
  last_line_ = line.text.substr(0, kept_of_line);
  finish_head(ec);
  return {};
}

// ---- answering

// Who does not want to know is told what no reply at all would have said.
void session::file(std::size_t index, const item& answer) noexcept {
  pending_request& head = *awaiting_.front();
  protocol::element& e = head.elements[index];
  e.answered = true;
  if (head.sink != nullptr)
    head.sink->filed(e.slot, wants_silence(head) ? item{.status = protocol::silent_status(head.command.op)} : answer);
  if (head.shape == reply_shape::in_order && ++head.cursor == head.elements.size()) finish_head({});
}

void session::refuse(std::size_t index, error_code why, std::string_view words) noexcept {
  pending_request& head = *awaiting_.front();
  if (wants_silence(head)) return file(index, {});
  protocol::element& e = head.elements[index];
  e.answered = true;
  if (head.sink != nullptr) head.sink->refused(e.slot, why, words);
  if (head.shape == reply_shape::in_order && ++head.cursor == head.elements.size()) finish_head({});
}

void session::file_the_rest(status what) noexcept {
  pending_request& head = *awaiting_.front();
  const item answer{.status = what};
  reply_sink* const sink = head.sink;
  for (protocol::element& e : head.elements) {
    if (e.answered) continue;
    e.answered = true;
    if (sink != nullptr) sink->filed(e.slot, answer);
  }
}

void session::finish_head(error_code ec) noexcept {
  pending_request& head = *awaiting_.front();
  --replies_awaited_;
  if (is_question(head)) --greetings_awaited_;
  if (is(head, authentication)) stage_ = stage::authenticated;
  head.result = ec;
  head.answered = true;
  if (head.ends_at > bytes_out_) return;  // its bytes still lie in its owner's memory: wrote() finishes it
  awaiting_.pop();
  finish(head, ec);
  if (!awaiting_.empty()) finish_written();
}

}  // namespace cmemcache::session
