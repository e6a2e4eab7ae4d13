#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "fuzz/require.hpp"
#include "support/script.hpp"

using namespace cmemcache;
using cmemcache::fuzz::require;

namespace {

constexpr std::size_t head = 8;

// Request `i`, as one byte chooses it: three keys for half of the verbs, one or none for the others.
test::asked request_of(std::uint8_t choice) {
  test::asked a{.op = static_cast<verb>(choice % (static_cast<int>(verb::stats) + 1)), .noreply = choice >= 240};
  a.one_by_one = (choice & 0x20) != 0;
  if (!has_key(a.op)) return a;
  a.keys.push_back({.key = "a", .value = "1"});
  if ((choice & 0x40) != 0) a.keys.insert(a.keys.end(), {{.key = "bc", .value = "22"}, {.key = "a", .value = "333"}});
  return a;
}

std::size_t write(session::session& s, std::size_t most) {
  std::array<session::session::piece, 4> pieces;
  const std::size_t count = s.output(pieces);
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) size += pieces[i].size;
  size = std::min(size, most);
  if (size != 0) s.wrote(size);
  return size;
}

// A value is only filed where a reply announced a hit of that key (or of its opaque).
void check(const test::asked& a, const test::outcome& o, std::string_view replies, bool is_binary) {
  require(o.finished == 1 && o.answers.complaint().empty());
  for (std::size_t k = 0; k < o.answers.size(); ++k) {
    if (!o.answers.has(k)) {
      require(o.result || o.ambiguous || a.op == verb::stats);
    } else if (o.answers[k].status == status::hit) {
      require(is_retrieval(a.op));
      if (is_binary) require(replies.find(a.keys[k].key) != replies.npos);
      else require(replies.find("VALUE " + a.keys[k].key + " ") != replies.npos || replies.find("VA ") != replies.npos);
      require(replies.find(o.answers[k].value) != replies.npos);
    }
  }
}

}  // namespace

// Four bytes choose the requests, four the protocol and the sizes of pieces; the rest is what the server sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < head) return 0;
  const bool is_binary = (data[4] & 0x40) != 0;
  session::session_options options{.protocol = is_binary ? wire_protocol::binary : static_cast<wire_protocol>(data[4] % 3),
                                   .max_reply_length = 4096,
                                   .flush_first = data[4] >= 128};
  if (data[7] >= 128) options.credentials = std::make_shared<protocol::credentials>("ada", "secret");
  session::session s(options);
  std::vector<test::asked> asks;
  std::vector<std::unique_ptr<test::outcome>> outcomes;
  for (std::size_t i = 0; i < 1 + data[7] % 4U; ++i) {
    asks.push_back(request_of(data[i]));
    outcomes.push_back(test::submit(s, asks.back()));
  }
  const std::string_view replies(reinterpret_cast<const char*>(data) + head, size - head);
  error_code ec;
  for (std::size_t at = 0; !ec;) {
    while (write(s, 1 + data[5]) != 0 && data[5] % 2 == 0) {
    }
    const bool all_done = std::all_of(outcomes.begin(), outcomes.end(), [](const auto& o) { return o->finished == 1; });
    require(!s.idle() || all_done);
    for (const auto& o : outcomes) require(!o->early);  // when the connection is given up, what was answered may be
    if (at == replies.size()) break;
    const auto [value, buffer] = s.input();
    require(!value.empty() || !buffer.empty());
    const std::size_t part = std::min({replies.size() - at, 1 + std::size_t{data[6]}, value.size() + buffer.size()});
    const std::size_t of_value = std::min(part, value.size());
    if (of_value != 0) std::memcpy(value.data(), replies.data() + at, of_value);
    if (part != of_value) std::memcpy(buffer.data(), replies.data() + at + of_value, part - of_value);
    at += part;
    ec = s.received(part);
  }
  s.fail(errc::closed);
  require(!s.idle());
  for (std::size_t i = 0; i < asks.size(); ++i) check(asks[i], *outcomes[i], replies, is_binary);
  return 0;
}
