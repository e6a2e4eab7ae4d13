#include "session/read_buffer.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace cmemcache::session;
using result = read_buffer::line_result;

namespace {

constexpr std::size_t capacity = read_buffer::capacity;

void arrive(read_buffer& in, std::string_view bytes) {
  const std::span<char> room = in.room();
  REQUIRE(room.size() >= bytes.size());
  std::copy(bytes.begin(), bytes.end(), room.begin());
  in.filled(bytes.size());
}

std::string take(read_buffer& in) {
  std::string_view line;
  REQUIRE(in.take_line(line) == result::found);
  return std::string(line);
}

}  // namespace

TEST_CASE("lines are taken as they come", "[read_buffer]") {
  read_buffer in;
  std::string_view line;
  CHECK(in.empty());
  CHECK(in.room().size() == capacity);
  CHECK(in.take_line(line) == result::incomplete);
  arrive(in, "one\r\ntwo\r\n\r\nthr");
  CHECK(take(in) == "one");
  CHECK(take(in) == "two");
  CHECK(take(in).empty());
  CHECK(in.take_line(line) == result::incomplete);
  CHECK(in.waiting() == "thr");
  arrive(in, "ee\r");
  CHECK(in.take_line(line) == result::incomplete);
  arrive(in, "\n");
  CHECK(take(in) == "three");
  CHECK(in.empty());
}

TEST_CASE("a line feed needs its carriage return", "[read_buffer]") {
  for (const char* bytes : {"\n", "line\n", "\r\r \n"}) {
    read_buffer in;
    std::string_view line;
    arrive(in, bytes);
    CHECK(in.take_line(line) == result::malformed);
  }
  // The carriage return of a line taken before is not the next one's.
  read_buffer in;
  std::string_view line;
  arrive(in, "a\r\n\n");
  CHECK(take(in) == "a");
  CHECK(in.take_line(line) == result::malformed);
}

TEST_CASE("a carriage return alone is a byte of its line", "[read_buffer]") {
  read_buffer in;
  arrive(in, "a\rb\r\r\n");
  CHECK(take(in) == "a\rb\r");
}

TEST_CASE("bytes behind a line are consumed without a look at them", "[read_buffer]") {
  read_buffer in;
  std::string_view line;
  arrive(in, "VALUE\r\n\n\n\n\n\r\nEND");
  CHECK(take(in) == "VALUE");
  in.consume(4);
  CHECK(in.waiting() == "\r\nEND");
  in.consume(2);
  CHECK(in.take_line(line) == result::incomplete);
  arrive(in, "\r\n");
  CHECK(take(in) == "END");
  in.clear();
  CHECK(in.empty());
}

TEST_CASE("the longest line fills the buffer, a longer one is refused", "[read_buffer]") {
  read_buffer in;
  std::string_view line;
  arrive(in, std::string(capacity - 2, 'x'));
  CHECK(in.take_line(line) == result::incomplete);
  CHECK(in.room().size() == 2);
  arrive(in, "\r\n");
  CHECK(take(in).size() == capacity - 2);
  arrive(in, std::string(capacity, 'x'));
  CHECK(in.take_line(line) == result::malformed);
}

TEST_CASE("there is always room, however the lines fall", "[read_buffer]") {
  for (const std::size_t chunk : {1UL, 7UL, 1000UL, 5000UL, capacity}) {
    for (const std::size_t length : {1UL, 60UL, 4000UL, 12'500UL, capacity - 2}) {
      read_buffer in;
      const std::string text = std::string(length, 'x') + "\r\n";
      const std::size_t total = std::max<std::size_t>(text.size() * 5, capacity * 3 / text.size() * text.size());
      std::size_t sent = 0, lines = 0;
      while (sent < total) {
        const std::span<char> room = in.room();
        REQUIRE_FALSE(room.empty());
        const std::size_t size = std::min({room.size(), chunk, total - sent});
        for (std::size_t i = 0; i < size; ++i, ++sent) room[i] = text[sent % text.size()];
        in.filled(size);
        std::string_view line;
        result r;
        while ((r = in.take_line(line)) == result::found) {
          REQUIRE(line == std::string_view(text).substr(0, length));
          ++lines;
        }
        REQUIRE(r == result::incomplete);
      }
      CHECK(lines == total / text.size());
    }
  }
}
