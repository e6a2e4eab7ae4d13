#include "protocol/key.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace cmemcache;
using namespace cmemcache::protocol;

TEST_CASE("a key has 1 to 250 bytes, the prefix included", "[key]") {
  CHECK(check_key("") == errc::key_empty);
  CHECK(check_key("", 10) == errc::key_empty);
  CHECK_FALSE(check_key("k"));
  CHECK_FALSE(check_key(std::string(250, 'k')));
  CHECK(check_key(std::string(251, 'k')) == errc::key_too_long);
  CHECK_FALSE(check_key(std::string(200, 'k'), 50));
  CHECK(check_key(std::string(200, 'k'), 51) == errc::key_too_long);
}

TEST_CASE("length is told before content", "[key]") { CHECK(check_key(std::string(251, ' ')) == errc::key_too_long); }

// Eight bytes are looked at together and the rest one by one: every byte must be judged the same at every place.
TEST_CASE("every byte is judged alike wherever it stands", "[key]") {
  for (unsigned value = 0; value < 256; ++value) {
    const bool good = value > 0x20 && value != 0x7f;
    for (std::size_t size = 1; size <= 18; ++size)
      for (std::size_t at = 0; at < size; ++at)
        for (const char around : {'k', '!', '\xff', '\x80'}) {
          std::string key(size, around);
          key[at] = static_cast<char>(value);
          const error_code ec = check_key(key);
          if (ec != (good ? error_code() : error_code(errc::key_bad_character)))
            FAIL("byte " << value << " at " << at << " of " << size);
        }
  }
}

TEST_CASE("keys that would be commands are refused", "[key]") {
  for (const char* key : {"a b", "a\r\nflush_all", "a\n", "\ta", "a\x7f", " "})
    CHECK(check_key(key) == errc::key_bad_character);
  CHECK(check_key(std::string("a\0b", 3)) == errc::key_bad_character);
}

TEST_CASE("a prefix may be empty, and leaves room for a key", "[key]") {
  CHECK_FALSE(check_prefix(""));
  CHECK_FALSE(check_prefix("app:"));
  CHECK(check_prefix("app ") == errc::key_bad_character);
  CHECK_FALSE(check_prefix(std::string(249, 'p')));
  CHECK(check_prefix(std::string(250, 'p')) == errc::key_too_long);
}
