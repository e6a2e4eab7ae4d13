#include "protocol/meta_codec.hpp"

#include <algorithm>
#include <cstring>

#include "protocol/digits.hpp"
#include "protocol/error_line.hpp"

namespace cmemcache::protocol::meta {

namespace {

// "ms <prefix><key> <size> F<flags> T<exptime> C<cas> MA O<opaque> q\r\n"
constexpr std::size_t line_overhead = 24 + 6 * (max_digits + 3);

constexpr char command_letter(verb op) noexcept {
  if (is_retrieval(op) || op == verb::touch) return 'g';
  if (is_storage(op)) return 's';
  return op == verb::delete_ ? 'd' : 'a';
}

char* put_flag(char* at, char flag, std::integral auto number) noexcept {
  *at++ = ' ';
  *at++ = flag;
  return put_number(at, number);
}

char* put_mode(char* at, verb op) noexcept {
  switch (op) {
    case verb::add: return put(at, " ME");
    case verb::replace: return put(at, " MR");
    case verb::append: return put(at, " MA");
    case verb::prepend: return put(at, " MP");
    case verb::decr: return put(at, " MD");
    default: return at;
  }
}

// The opaques of a request follow one another: their digits are counted up where they are.
class counting_opaque {
 public:
  explicit counting_opaque(std::uint32_t first) noexcept : number_(first), end_(put_number(digits_, first)) {}

  char* put_at(char* at) const noexcept {
    std::memcpy(at, digits_, sizeof digits_);  // all of the room, whose size is known
    return at + (end_ - digits_);
  }

  counting_opaque& operator++() noexcept {
    if (++number_ != 0 && end_[-1] != '9') ++end_[-1];
    else end_ = put_number(digits_, number_);
    return *this;
  }

 private:
  std::uint32_t number_;
  char digits_[max_digits + 1] = {};
  char* end_;
};

void encode_one(const command& what, const element& e, bool quiet, const counting_opaque& opaque, gather& out) {
  char* const start = out.room(line_overhead + what.prefix.size() + e.key.size());
  char* at = start;
  *at++ = 'm';
  *at++ = command_letter(what.op);
  *at++ = ' ';
  if (!what.prefix.empty()) at = put(at, what.prefix);
  at = put(at, e.key);
  const std::int64_t exptime = wire_exptime(what.exptime);
  if (is_retrieval(what.op)) {
    at = put(at, " v f");
    if (what.op == verb::gets || what.op == verb::gats) at = put(at, " c");
    if (what.op == verb::gat || what.op == verb::gats) at = put_flag(at, 'T', exptime);
  } else if (what.op == verb::touch) {
    at = put_flag(at, 'T', exptime);
  } else if (is_storage(what.op)) {
    *at++ = ' ';
    at = put_number(at, e.value.size());
    if (e.flags != 0) at = put_flag(at, 'F', e.flags);
    if (exptime != 0) at = put_flag(at, 'T', exptime);
    if (what.op == verb::cas) at = put_flag(at, 'C', e.number);
  } else if (what.op != verb::delete_) {
    at = put(at, " v");
    at = put_flag(at, 'D', e.number);
  }
  at = put_mode(at, what.op);
  at = opaque.put_at(put(at, " O"));
  if (quiet) at = put(at, " q");
  at = put(at, "\r\n");
  out.commit(static_cast<std::size_t>(at - start));
  if (is_storage(what.op)) out.append_block(e.value);
}

// What each two-letter code says to each sort of verb; unanswered where it says nothing.
status status_of(std::string_view code, verb asked) noexcept {
  using enum status;
  const bool arithmetic = asked == verb::incr || asked == verb::decr;
  if (code == "HD") {
    if (is_storage(asked)) return stored;
    if (asked == verb::delete_) return deleted;
    return asked == verb::touch ? touched : unanswered;
  }
  if (code == "EN") return is_retrieval(asked) ? miss : asked == verb::touch ? not_found : unanswered;
  if (code == "NS") return is_storage(asked) ? not_stored : unanswered;
  if (code == "EX") return asked == verb::cas ? exists : unanswered;
  if (code == "NF") return arithmetic || asked == verb::cas || asked == verb::delete_ ? not_found : unanswered;
  return unanswered;
}

// The flags a reply echoes: a letter and its token each. Letters that were not asked for are passed over.
bool parse_flags(std::string_view rest, reply_line& out, bool& has_cas) noexcept {
  while (!rest.empty()) {
    if (!take(rest, " ")) return false;
    if (rest.empty()) return true;  // some versions leave a blank at the end
    const char letter = rest.front();
    rest.remove_prefix(1);
    bool good = true;
    switch (letter) {
      case 'f': good = take_number(rest, out.flags); break;
      case 'c': good = has_cas = take_number(rest, out.cas); break;
      case 'O':
        if (out.has_opaque) return false;
        good = out.has_opaque = take_number(rest, out.opaque);
        break;
      case ' ': return false;
      default: rest.remove_prefix(std::min(rest.find(' '), rest.size()));
    }
    if (!good || (!rest.empty() && rest.front() != ' ')) return false;
  }
  return true;
}

bool parse_value(std::string_view rest, verb asked, reply_line& out) noexcept {
  if (!is_retrieval(asked) && asked != verb::incr && asked != verb::decr) return false;
  bool has_cas = false;
  if (!take_number(rest, out.size) || !parse_flags(rest, out, has_cas)) return false;
  if ((asked == verb::gets || asked == verb::gats) && !has_cas) return false;  // a unique of 0 would compare nothing
  out.what = reply_line::kind::value;
  out.status = is_retrieval(asked) ? status::hit : status::number;
  return true;
}

// As many bytes as the elements will have if all are like the first, so that what is written does not move while it grows.
std::size_t likely_size(const command& what, std::span<const element> elements) noexcept {
  constexpr std::size_t around = 24;  // "ms ", the size, flags, an opaque, " q" and two line ends
  constexpr std::size_t most = 64 * 1024;
  const element& e = elements.front();
  const std::size_t value = e.value.size() < gather::reference_threshold ? e.value.size() : 0;
  return std::min(elements.size() * (around + what.prefix.size() + e.key.size() + value), most);
}

}  // namespace

bool can_say(const command& what) noexcept { return has_key(what.op) && !(what.noreply && takes_noreply(what.op)); }

reply_shape shape_of(const command& what, std::size_t count) noexcept {
  const bool has_silence = is_retrieval(what.op) || what.op == verb::set || what.op == verb::delete_;
  return count > 1 && has_silence ? reply_shape::quiet : reply_shape::in_order;
}

void encode(const command& what, std::span<const element> elements, reply_shape shape, std::uint32_t first_opaque,
            gather& out) {
  const bool quiet = shape == reply_shape::quiet;
  if (elements.size() > 1) out.room(likely_size(what, elements));
  counting_opaque opaque(first_opaque);
  for (const element& e : elements) {
    encode_one(what, e, quiet, opaque, out);
    ++opaque;
  }
  if (!quiet) return;
  put(out.room(4), "mn\r\n");
  out.commit(4);
}

reply_line parse(std::string_view line, verb asked) noexcept {
  reply_line out;
  const std::string_view code = line.substr(0, 2);
  std::string_view rest = line.substr(code.size());
  if (code == "VA") {
    if (take(rest, " ") && parse_value(rest, asked, out)) return out;
  } else if (code == "MN") {
    out.what = reply_line::kind::fence;
    if (rest.empty()) return out;
  } else if (const status found = status_of(code, asked); found != status::unanswered) {
    out.what = reply_line::kind::answer;
    out.status = found;
    bool has_cas = false;
    if (parse_flags(rest, out, has_cas)) return out;
  }
  out = {};
  out.code = classify_error_line(line, asked);
  out.text = line;
  return out;
}

}  // namespace cmemcache::protocol::meta
