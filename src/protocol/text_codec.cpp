#include "protocol/text_codec.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "protocol/digits.hpp"
#include "protocol/error_line.hpp"

namespace cmemcache::protocol::text {

namespace {

// "<verb> <prefix><key> <three numbers> <cas> noreply\r\n", the value aside
constexpr std::size_t line_overhead = 16 + 4 * (max_digits + 1) + 16;

char* put_key(char* at, const command& what, const element& e) noexcept {
  *at++ = ' ';
  at = put(at, what.prefix);
  return put(at, e.key);
}

char* put_field(char* at, std::integral auto number) noexcept {
  *at++ = ' ';
  return put_number(at, number);
}

// One line asks for every key. memcached takes a `get` line of any length.
void encode_retrieval(const command& what, std::span<const element> elements, gather& out) {
  std::size_t size = line_overhead;
  for (const element& e : elements) size += 1 + what.prefix.size() + e.key.size();
  char* const start = out.room(size);
  char* at = what.config ? put(start, "config ") : start;
  at = put(at, to_string(what.op));
  if (what.op == verb::gat || what.op == verb::gats) at = put_field(at, wire_exptime(what.exptime));
  for (const element& e : elements) at = put_key(at, what, e);
  at = put(at, "\r\n");
  out.commit(static_cast<std::size_t>(at - start));
}

// `delete noreply` is taken for a delete without a key's name by some servers, which then answer nothing; a
// zero behind it, which every version accepts, keeps the word from being the last.
bool needs_zero(const command& what, const element& e) noexcept {
  constexpr std::string_view word = "noreply";
  return what.op == verb::delete_ && !what.noreply && what.prefix.size() + e.key.size() == word.size() &&
         word.starts_with(what.prefix) && word.ends_with(e.key);
}

void encode_one(const command& what, const element& e, gather& out) {
  char* const start = out.room(line_overhead + what.prefix.size() + e.key.size());
  char* at = put(start, to_string(what.op));
  at = put_key(at, what, e);
  if (is_storage(what.op)) {
    at = put_field(at, e.flags);
    at = put_field(at, wire_exptime(what.exptime));
    at = put_field(at, e.value.size());
    if (what.op == verb::cas) at = put_field(at, e.number);
  } else if (what.op == verb::incr || what.op == verb::decr) {
    at = put_field(at, e.number);
  } else if (what.op == verb::touch) {
    at = put_field(at, wire_exptime(what.exptime));
  } else if (needs_zero(what, e)) {
    at = put(at, " 0");
  }
  if (what.noreply) at = put(at, " noreply");
  at = put(at, "\r\n");
  out.commit(static_cast<std::size_t>(at - start));
  if (is_storage(what.op)) out.append_block(e.value);
}

void encode_server_command(const command& what, gather& out) {
  char* const start = out.room(line_overhead + what.argument.size());
  char* at = put(start, to_string(what.op));
  if (what.op == verb::flush_all && what.delay != 0) at = put_field(at, what.delay);
  if (what.op == verb::stats && !what.argument.empty()) {
    *at++ = ' ';
    at = put(at, what.argument);
  }
  if (what.noreply && takes_noreply(what.op)) at = put(at, " noreply");
  at = put(at, "\r\n");
  out.commit(static_cast<std::size_t>(at - start));
}

reply_line failure(errc code, std::string_view words) noexcept {
  reply_line out;
  out.code = code;
  out.text = words;
  return out;
}

reply_line answer(cmemcache::status status) noexcept {
  reply_line out;
  out.what = reply_line::kind::answer;
  out.status = status;
  return out;
}

constexpr std::string_view value_word = "VALUE ";
constexpr std::string_view config_word = "CONFIG ";  // the same in answer to `config get`

// Behind the key and its blank: <flags> <bytes> [<cas unique>]. Returns the end; null when it is something else.
inline const char* read_value_numbers(const char* at, const char* end, verb asked, value_line& out) noexcept {
  const auto blank = [&] { return at != end && *at++ == ' '; };
  at = read_number(at, end, out.flags);
  if (at == nullptr || !blank()) return nullptr;
  at = read_number(at, end, out.size);
  if (at == nullptr || (asked != verb::gets && asked != verb::gats)) return at;
  return blank() ? read_number(at, end, out.cas) : nullptr;
}

// Behind "VALUE ": <key> and the numbers
bool parse_value(std::string_view rest, verb asked, reply_line& out) noexcept {
  const std::size_t key_size = rest.find(' ');
  if (key_size == rest.npos || key_size == 0) return false;
  value_line numbers;
  const char* const end = rest.data() + rest.size();
  if (read_value_numbers(rest.data() + key_size + 1, end, asked, numbers) != end) return false;
  out.what = reply_line::kind::value;
  out.status = status::hit;
  out.key = rest.substr(0, key_size);
  out.flags = numbers.flags;
  out.size = numbers.size;
  out.cas = numbers.cas;
  return true;
}

// Behind "STAT " (or "ITEM " of a cachedump, "PREFIX " of a detail dump): <name> <value>, where the value may be empty
// and may have blanks
bool parse_stat(std::string_view rest, reply_line& out) noexcept {
  const std::size_t name_size = rest.find(' ');
  out.key = rest.substr(0, name_size);
  out.text = name_size == rest.npos ? std::string_view{} : rest.substr(name_size + 1);
  out.what = reply_line::kind::stat;
  return !out.key.empty();
}

struct word {
  std::string_view text;
  cmemcache::status status;
};

// The one-word answers of each verb, the likelier first.
std::span<const word> answers_to(verb asked) noexcept {
  using enum status;
  static constexpr word to_store[] = {{"STORED", stored}, {"NOT_STORED", not_stored}};
  static constexpr word to_cas[] = {{"STORED", stored}, {"EXISTS", exists}, {"NOT_FOUND", not_found}};
  static constexpr word to_touch[] = {{"TOUCHED", touched}, {"NOT_FOUND", not_found}};
  static constexpr word to_delete[] = {{"DELETED", deleted}, {"NOT_FOUND", not_found}};
  static constexpr word to_arithmetic[] = {{"NOT_FOUND", not_found}};
  static constexpr word to_flush[] = {{"OK", ok}};
  static constexpr word to_stats[] = {{"RESET", ok}, {"OK", ok}};  // stats reset, stats detail on
  switch (asked) {
    case verb::set: case verb::add: case verb::replace: case verb::append: case verb::prepend: return to_store;
    case verb::cas: return to_cas;
    case verb::incr: case verb::decr: return to_arithmetic;
    case verb::touch: return to_touch;
    case verb::delete_: return to_delete;
    case verb::flush_all: return to_flush;
    case verb::stats: return to_stats;
    default: return {};
  }
}

}  // namespace

reply_shape shape_of(const command& what) noexcept {
  if (what.noreply && takes_noreply(what.op)) return reply_shape::none;
  if (is_retrieval(what.op)) return reply_shape::line;
  return what.op == verb::stats ? reply_shape::list : reply_shape::in_order;
}

void encode(const command& what, std::span<const element> elements, gather& out) {
  if (is_retrieval(what.op)) {
    encode_retrieval(what, elements, out);
  } else if (has_key(what.op)) {
    for (const element& e : elements) encode_one(what, e, out);
  } else {
    encode_server_command(what, out);
  }
}

std::size_t read_value(std::string_view arrived, verb asked, std::string_view prefix, std::string_view key,
                       value_line& out) noexcept {
  constexpr std::string_view line_end = "\r\n";
  if (arrived.size() <= value_word.size() + prefix.size() + key.size()) return 0;
  const char* at = arrived.data();
  const char* const end = at + arrived.size();
  const auto is_next = [&](std::string_view word) {
    const bool is = std::memcmp(at, word.data(), word.size()) == 0;
    at += word.size();
    return is;
  };
  if (!is_next(value_word) || (!prefix.empty() && !is_next(prefix)) || !is_next(key) || *at++ != ' ') return 0;
  at = read_value_numbers(at, end, asked, out);
  if (at == nullptr || end - at < 2 || !is_next(line_end)) return 0;
  return static_cast<std::size_t>(at - arrived.data());
}

reply_line parse(std::string_view line, verb asked) noexcept {
  std::string_view rest = line;
  reply_line out;
  if (is_retrieval(asked) && (take(rest, value_word) || (asked == verb::get && take(rest, config_word))))
    return parse_value(rest, asked, out) ? out : failure(errc::protocol_error, line);
  if ((is_retrieval(asked) || asked == verb::stats) && line == "END") {
    out.what = reply_line::kind::end;
    return out;
  }
  for (const word& w : answers_to(asked))
    if (line == w.text) return answer(w.status);
  if (asked == verb::incr || asked == verb::decr) {
    out = answer(status::number);
    if (take_number(rest, out.number) && rest.find_first_not_of(' ') == rest.npos) return out;
  }
  if (asked == verb::stats && (take(rest, "STAT ") || take(rest, "ITEM ") || take(rest, "PREFIX ")) &&
      parse_stat(rest, out))
    return out;
  if (asked == verb::version && take(rest, "VERSION ")) {
    out = answer(status::ok);
    out.text = rest;
    return out;
  }
  return failure(classify_error_line(line, asked), line);
}

}  // namespace cmemcache::protocol::text
