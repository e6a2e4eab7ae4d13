#include "protocol/binary_codec.hpp"

#include <algorithm>

#include <boost/endian/conversion.hpp>

#include "protocol/digits.hpp"
#include "protocol/error_line.hpp"

namespace cmemcache::protocol::binary {

namespace {

namespace endian = boost::endian;

enum opcode : std::uint8_t {
  op_set = 0x01, op_add = 0x02, op_replace = 0x03, op_delete = 0x04, op_increment = 0x05, op_decrement = 0x06,
  op_flush = 0x08, op_noop = 0x0a, op_version = 0x0b, op_getk = 0x0c, op_getkq = 0x0d, op_append = 0x0e,
  op_prepend = 0x0f, op_stat = 0x10, op_setq = 0x11, op_addq = 0x12, op_replaceq = 0x13, op_deleteq = 0x14,
  op_appendq = 0x19, op_prependq = 0x1a, op_touch = 0x1c, op_sasl_auth = 0x21, op_gatk = 0x23, op_gatkq = 0x24,
};

struct codes {
  std::uint8_t loud;
  std::uint8_t quiet;  // the same where there is none
};

constexpr codes codes_of(verb op) noexcept {
  switch (op) {
    case verb::get: case verb::gets: return {op_getk, op_getkq};
    case verb::gat: case verb::gats: return {op_gatk, op_gatkq};
    case verb::set: case verb::cas: return {op_set, op_setq};
    case verb::add: return {op_add, op_addq};
    case verb::replace: return {op_replace, op_replaceq};
    case verb::append: return {op_append, op_appendq};
    case verb::prepend: return {op_prepend, op_prependq};
    case verb::incr: return {op_increment, op_increment};
    case verb::decr: return {op_decrement, op_decrement};
    case verb::touch: return {op_touch, op_touch};
    case verb::delete_: return {op_delete, op_deleteq};
    case verb::flush_all: return {op_flush, op_flush};
    case verb::version: return {op_version, op_sasl_auth};
    case verb::stats: return {op_stat, op_stat};
  }
  return {op_noop, op_noop};
}

constexpr std::size_t header_size = 24;
constexpr std::size_t most_extras = 20;
constexpr std::uint8_t request_magic = 0x80;
constexpr std::uint8_t reply_magic = 0x81;

// Of a reply without a hit's value, which must lie in the reader's buffer whole.
constexpr std::size_t longest_body = 8 * 1024;

// What a request says behind the key's length.
class extras {
 public:
  void add(std::uint32_t number) noexcept {
    endian::store_big_u32(bytes_ + size_, number);
    size_ += sizeof number;
  }
  void add_long(std::uint64_t number) noexcept {
    endian::store_big_u64(bytes_ + size_, number);
    size_ += sizeof number;
  }
  std::string_view bytes() const noexcept { return {reinterpret_cast<const char*>(bytes_), size_}; }

 private:
  unsigned char bytes_[most_extras];
  std::size_t size_ = 0;
};

// The field has no sign: a Unix time that has long passed says "at once".
std::uint32_t exptime_field(std::int64_t seconds) noexcept {
  constexpr std::uint32_t long_ago = 30 * 24 * 3600 + 1;
  return seconds < 0 ? long_ago : static_cast<std::uint32_t>(wire_exptime(seconds));
}

extras extras_of(const command& what, const element& e) noexcept {
  constexpr std::uint32_t create_nothing = 0xffffffff;
  extras out;
  switch (what.op) {
    case verb::set: case verb::add: case verb::replace: case verb::cas:
      out.add(e.flags);
      out.add(exptime_field(what.exptime));
      break;
    case verb::incr: case verb::decr:
      out.add_long(e.number);
      out.add_long(0);
      out.add(create_nothing);
      break;
    case verb::gat: case verb::gats: case verb::touch: out.add(exptime_field(what.exptime)); break;
    default: break;
  }
  return out;
}

// On the wire a unique of 0 compares nothing. No item has that unique, nor the one that is asked for in its place.
std::uint64_t unique_of(const command& what, const element& e) noexcept {
  if (what.op != verb::cas) return 0;
  return e.number == 0 ? ~std::uint64_t{0} : e.number;
}

struct frame {
  std::uint8_t code;
  std::string_view extras = {};
  std::string_view prefix = {};
  std::string_view key = {};
  std::string_view value = {};
  std::uint32_t opaque;
  std::uint64_t cas = 0;
};

void put_frame(const frame& f, gather& out) {
  const std::size_t key_size = f.prefix.size() + f.key.size();
  const std::size_t before_value = header_size + f.extras.size() + key_size;
  char* const start = out.room(before_value);
  auto* const head = reinterpret_cast<unsigned char*>(start);
  head[0] = request_magic;
  head[1] = f.code;
  endian::store_big_u16(head + 2, static_cast<std::uint16_t>(key_size));
  head[4] = static_cast<std::uint8_t>(f.extras.size());
  head[5] = 0;                         // data type
  endian::store_big_u16(head + 6, 0);  // vbucket
  endian::store_big_u32(head + 8, static_cast<std::uint32_t>(f.extras.size() + key_size + f.value.size()));
  endian::store_big_u32(head + 12, f.opaque);
  endian::store_big_u64(head + 16, f.cas);
  put(put(put(start + header_size, f.extras), f.prefix), f.key);
  out.commit(before_value);
  out.append_value(f.value);
}

void encode_server_command(const command& what, std::uint32_t opaque, gather& out) {
  extras more;
  if (what.op == verb::flush_all && what.delay != 0)
    more.add(static_cast<std::uint32_t>(std::min<std::uint64_t>(what.delay, 0x7fffffff)));
  put_frame({.code = codes_of(what.op).loud, .extras = more.bytes(), .key = what.argument, .opaque = opaque}, out);
}

// ---- replies

struct header {
  std::uint8_t code;
  std::size_t key_size;
  std::size_t extras_size;
  std::uint16_t status;
  std::size_t body_size;
  std::uint32_t opaque;
  std::uint64_t cas;
};

header read_header(std::string_view arrived) noexcept {
  const auto* const at = reinterpret_cast<const unsigned char*>(arrived.data());
  return {.code = at[1],
          .key_size = endian::load_big_u16(at + 2),
          .extras_size = at[4],
          .status = endian::load_big_u16(at + 6),
          .body_size = endian::load_big_u32(at + 8),
          .opaque = endian::load_big_u32(at + 12),
          .cas = endian::load_big_u64(at + 16)};
}

enum reply_status : std::uint16_t {
  no_error = 0x00, key_not_found = 0x01, key_exists = 0x02, too_large = 0x03, item_not_stored = 0x05,
  not_numeric = 0x06, not_authenticated = 0x20, authenticate_further = 0x21, unknown_command = 0x81, out_of_memory = 0x82,
  not_supported = 0x83, internal_error = 0x84, busy = 0x85, temporary_failure = 0x86,
};

// What each status that is no error says to each sort of verb; unanswered where it says nothing.
status status_of(std::uint16_t found, verb asked) noexcept {
  using enum cmemcache::status;
  switch (found) {
    case no_error:
      if (is_storage(asked)) return stored;
      if (asked == verb::delete_) return deleted;
      if (asked == verb::touch) return touched;
      return is_retrieval(asked) ? hit : ok;
    case key_not_found:
      if (is_retrieval(asked)) return miss;
      if (asked == verb::replace || asked == verb::append || asked == verb::prepend) return not_stored;
      return has_key(asked) && asked != verb::set && asked != verb::add ? not_found : unanswered;
    case key_exists: return asked == verb::cas ? exists : asked == verb::add ? not_stored : unanswered;
    case item_not_stored: return is_storage(asked) ? not_stored : unanswered;
    default: return unanswered;
  }
}

// The stream stays in step after any of them, because the lengths say where the next reply begins. What a client should
// never have sent ends the connection all the same.
errc error_of(std::uint16_t found, verb asked) noexcept {
  switch (found) {
    case too_large: return errc::value_too_large;
    case not_numeric: return errc::not_a_number;
    // To flush_all it says that the server was started with -F; to who is not authenticated, the server closes as well.
    case not_authenticated: return asked == verb::flush_all ? errc::unsupported : errc::authentication_failed;
    case authenticate_further: return errc::authentication_failed;
    case key_not_found: return asked == verb::stats ? errc::unsupported : errc::client_error;  // no such sort of statistics
    case unknown_command: case not_supported: return errc::unsupported;
    case out_of_memory: case internal_error: case busy: case temporary_failure: return errc::server_error;
    default: return errc::client_error;
  }
}

std::size_t fail(reply_line& out, std::string_view words = {}) noexcept {
  out = {};
  out.text = words;
  return header_size;
}

// `body`: behind the header, whole.
void understand(const header& h, std::string_view body, verb asked, reply_line& out) noexcept {
  const std::string_view key = body.substr(h.extras_size, h.key_size);
  const std::string_view value = body.substr(h.extras_size + h.key_size);
  const status found = status_of(h.status, asked);
  if (h.status == no_error && h.code == op_noop) {
    out.what = reply_line::kind::fence;
  } else if (h.status == no_error && asked == verb::stats) {
    out.what = key.empty() ? reply_line::kind::end : reply_line::kind::stat;
    out.key = key;
    out.text = value;
  } else if (h.status == no_error && (asked == verb::incr || asked == verb::decr)) {
    if (value.size() != sizeof out.number) return;
    out.what = reply_line::kind::answer;
    out.status = status::number;
    out.number = endian::load_big_u64(reinterpret_cast<const unsigned char*>(value.data()));
  } else if (found != status::unanswered) {
    out.what = reply_line::kind::answer;
    out.status = found;
    if (asked == verb::version) out.text = value;
  } else {
    out.code = error_of(h.status, asked);
    out.text = value.empty() ? std::string_view("no words") : value;
  }
}

}  // namespace

reply_shape shape_of(const command& what, std::size_t count) noexcept {
  if (what.op == verb::stats) return reply_shape::list;
  const codes has = codes_of(what.op);
  return count > 1 && has.quiet != has.loud ? reply_shape::quiet : reply_shape::in_order;
}

void encode(const command& what, std::span<const element> elements, reply_shape shape, std::uint32_t first_opaque,
            gather& out) {
  if (!has_key(what.op)) return encode_server_command(what, first_opaque, out);
  const codes code = codes_of(what.op);
  std::uint32_t opaque = first_opaque;
  for (const element& e : elements) {
    const extras more = extras_of(what, e);
    put_frame({.code = shape == reply_shape::quiet ? code.quiet : code.loud,
               .extras = more.bytes(),
               .prefix = what.prefix,
               .key = e.key,
               .value = is_storage(what.op) ? e.value : std::string_view(),
               .opaque = opaque++,
               .cas = unique_of(what, e)},
              out);
  }
  if (shape == reply_shape::quiet) put_frame({.code = op_noop, .opaque = opaque}, out);
}

void encode_sasl_plain(std::string_view message, std::uint32_t opaque, gather& out) {
  put_frame({.code = op_sasl_auth, .key = "PLAIN", .value = message, .opaque = opaque}, out);
}

std::size_t read(std::string_view arrived, verb asked, reply_line& out) noexcept {
  out = {};
  if (arrived.empty()) return 0;
  if (static_cast<std::uint8_t>(arrived[0]) != reply_magic) {  // words, perhaps: they are shown
    fail(out, arrived.substr(0, arrived.find_first_of("\r\n")));
    return arrived.size();
  }
  if (arrived.size() < header_size) return 0;
  const header h = read_header(arrived);
  const codes code = codes_of(asked);
  const std::size_t before_value = h.extras_size + h.key_size;
  const bool expected = h.code == code.loud || h.code == code.quiet || h.code == op_noop;
  if (!expected || h.body_size < before_value) return fail(out);
  out.has_opaque = true;
  out.opaque = h.opaque;

  if (is_retrieval(asked) && h.status == no_error && h.code != op_noop) {
    constexpr std::size_t flags_size = 4;
    if (h.extras_size != flags_size) return fail(out);
    if (arrived.size() < header_size + before_value) return 0;
    out.what = reply_line::kind::value;
    out.status = status::hit;
    out.flags = endian::load_big_u32(reinterpret_cast<const unsigned char*>(arrived.data()) + header_size);
    out.key = arrived.substr(header_size + flags_size, h.key_size);
    out.size = h.body_size - before_value;
    out.cas = asked == verb::gets || asked == verb::gats ? h.cas : 0;
    return header_size + before_value;
  }
  if (h.body_size > longest_body) return fail(out);
  if (arrived.size() < header_size + h.body_size) return 0;
  understand(h, arrived.substr(header_size, h.body_size), asked, out);
  return header_size + h.body_size;
}

}  // namespace cmemcache::protocol::binary
