#include "session/session.hpp"

#include <catch2/catch.hpp>

#include <set>

#include "exchanges.hpp"

using namespace cmemcache;
using namespace cmemcache::test;

namespace {

std::size_t next_place(std::size_t at, std::size_t size) {
  return at + (size > 2000 && at > 300 && at + 300 < size ? 97 : 1);
}

bool is_digit(char c) { return '0' <= c && c <= '9'; }

// One wrong digit makes one opaque of a batch another, one number another: only a checksum could tell.
bool undetectable(const exchange& e, const std::string& replies, std::size_t at, char byte) {
  if (e.options.protocol == wire_protocol::binary) return false;  // a hit has the key besides
  if (!is_digit(replies[at]) || !is_digit(byte)) return false;
  const std::size_t blank = replies.find_last_of(" \n", at);
  return blank != replies.npos && replies[blank + 1] == 'O';
}

}  // namespace

TEST_CASE("the server may close after any byte", "[session]") {
  for (const exchange& e : all_exchanges()) {
    const std::size_t size = e.replied().size();
    for (std::size_t at = 0; at <= size; at = next_place(at, size))
      for (const std::size_t read : {whole, std::size_t{1}}) {
        conversation c(e);
        c.play({.read = read, .lost_at_read = at});
        if (const std::string wrong = c.judge_lost(); !wrong.empty())
          FAIL(e.name << " closed at " << at << ": " << wrong);
      }
    SUCCEED(e.name);
  }
}

TEST_CASE("the connection may be reset after any byte written", "[session]") {
  for (const exchange& e : all_exchanges()) {
    const std::size_t size = e.written().size();
    for (std::size_t at = 0; at <= size; at = next_place(at, size)) {
      conversation c(e);
      c.play({.write = 64, .lost_at_written = at});
      if (const std::string wrong = c.judge_lost(); !wrong.empty()) FAIL(e.name << " reset at " << at << ": " << wrong);
    }
    SUCCEED(e.name);
  }
}

TEST_CASE("no corrupted byte gives anybody another's value", "[session]") {
  for (const exchange& e : all_exchanges()) {
    if (e.forged) continue;
    const std::string replies = e.replied();
    for (std::size_t at = 0; at < replies.size(); at = next_place(at, replies.size())) {
      const char good = replies[at];
      const auto flipped = [&](int bit) { return static_cast<char>(good ^ bit); };
      for (const char byte : std::set<char>{' ', '\r', '\n', '\0', '0', '1', '9', '-', 'x', 'E', 'F', flipped(1),
                                            flipped(0x20), flipped(0x80)}) {
        if (byte == good || undetectable(e, replies, at, byte)) continue;
        conversation c(e);
        c.play({.read = at % 2 == 0 ? whole : 3, .corrupt = at, .byte = byte});
        if (const std::string wrong = c.judge_corrupted(); !wrong.empty())
          FAIL(e.name << ", byte " << at << " is " << static_cast<int>(byte) << ": " << wrong);
      }
    }
    SUCCEED(e.name);
  }
}
