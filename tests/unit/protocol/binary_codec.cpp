#include "protocol/binary_codec.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <string>
#include <vector>

#include "support/frames.hpp"
#include "support/gathered.hpp"

using namespace cmemcache;
using namespace cmemcache::protocol;
using cmemcache::test::asks;
using cmemcache::test::big_endian;
using cmemcache::test::replies;
using kind = reply_line::kind;

namespace {

constexpr auto in_order = reply_shape::in_order;
constexpr auto quiet = reply_shape::quiet;

std::string encoded(const command& what, const std::vector<element>& elements, reply_shape shape, std::uint32_t opaque) {
  gather out;
  binary::encode(what, elements, shape, opaque, out);
  return test::gathered(out);
}

reply_line understood(const std::string& frame, verb asked, std::size_t expected_size = test::asks({}).size()) {
  reply_line out;
  CHECK(binary::read(frame, asked, out) == expected_size);
  return out;
}

}  // namespace

TEST_CASE("exptimes are said without a sign", "[binary_codec]") {
  const std::vector<std::pair<std::int64_t, std::uint32_t>> times{
      {0, 0}, {60, 60}, {2592000, 2592000}, {-1, 2592001}, {std::numeric_limits<std::int64_t>::min(), 2592001},
      {1ll << 40, 2147483647}};
  for (const auto& [seconds, field] : times)
    CHECK(encoded({.op = verb::touch, .exptime = seconds}, {{.key = "a"}}, in_order, 7) ==
          asks({.code = 0x1c, .extras = big_endian(field, 4), .key = "a", .opaque = 7}));
}

TEST_CASE("a unique of 0 is never sent, because it compares nothing", "[binary_codec]") {
  CHECK(encoded({.op = verb::cas}, {{.key = "a", .value = "1", .number = 0}}, in_order, 7) ==
        asks({.code = 1, .extras = big_endian(0, 8), .key = "a", .value = "1", .opaque = 7, .cas = ~0ull}));
  CHECK(encoded({.op = verb::set}, {{.key = "a", .value = "1", .number = 9}}, in_order, 7) ==
        asks({.code = 1, .extras = big_endian(0, 8), .key = "a", .value = "1", .opaque = 7}));
}

TEST_CASE("opaques go on from the last to the first in binary, too", "[binary_codec]") {
  CHECK(encoded({.op = verb::delete_}, {{.key = "a"}, {.key = "b"}}, quiet, 4294967295U) ==
        asks({.code = 0x14, .key = "a", .opaque = 4294967295U}) + asks({.code = 0x14, .key = "b"}) +
            asks({.code = 0x0a, .opaque = 1}));
}

TEST_CASE("many are asked quietly where there is a quiet code", "[binary_codec]") {
  for (const verb op : {verb::get, verb::gats, verb::set, verb::add, verb::cas, verb::append, verb::delete_}) {
    CHECK(binary::shape_of({.op = op}, 1) == in_order);
    CHECK(binary::shape_of({.op = op}, 2) == quiet);
  }
  for (const verb op : {verb::incr, verb::decr, verb::touch}) CHECK(binary::shape_of({.op = op}, 2) == in_order);
  CHECK(binary::shape_of({.op = verb::stats}, 0) == reply_shape::list);
  CHECK(binary::shape_of({.op = verb::version}, 0) == in_order);
  CHECK(binary::shape_of({.op = verb::flush_all, .noreply = true}, 0) == in_order);
}

TEST_CASE("a hit is understood before its value has come", "[binary_codec]") {
  const std::string value(1000, 'v');
  const std::string frame = replies(
      {.code = 0x0c, .extras = big_endian(4294967295U, 4), .key = "k", .value = value, .opaque = 7, .cas = 9});
  const std::size_t head = 24 + 4 + 1;
  reply_line out;
  for (std::size_t size = 0; size < head; ++size) CHECK(binary::read(frame.substr(0, size), verb::get, out) == 0);
  for (const std::size_t size : {head, head + 1, frame.size()}) {
    CHECK(binary::read(frame.substr(0, size), verb::gets, out) == head);
    CHECK(out.what == kind::value);
    CHECK(out.status == status::hit);
    CHECK(out.flags == 4294967295U);
    CHECK(out.size == 1000);
    CHECK(out.cas == 9);
    CHECK(out.opaque == 7);
    CHECK(out.has_opaque);
  }
}

TEST_CASE("any other reply is understood when all of it has come", "[binary_codec]") {
  const std::string frame = replies({.code = 1, .status = 3, .value = "Too large.", .opaque = 7});
  reply_line out;
  for (std::size_t size = 0; size < frame.size(); ++size) CHECK(binary::read(frame.substr(0, size), verb::set, out) == 0);
  const std::string followed = frame + "more";
  CHECK(binary::read(followed, verb::set, out) == frame.size());
  CHECK(out.what == kind::failure);
  CHECK(out.code == errc::value_too_large);
  CHECK(out.text == "Too large.");
}

TEST_CASE("each verb understands its own statuses and no others", "[binary_codec]") {
  using enum status;
  struct meaning {
    verb op;
    int code;
    cmemcache::status not_found_, exists_, not_stored_;
  };
  const cmemcache::status no = unanswered;
  const std::vector<meaning> meanings{
      {verb::get, 0x0c, miss, no, no},          {verb::gats, 0x23, miss, no, no},
      {verb::set, 1, no, no, not_stored},       {verb::cas, 1, not_found, exists, not_stored},
      {verb::add, 2, no, not_stored, not_stored}, {verb::replace, 3, not_stored, no, not_stored},
      {verb::append, 0x0e, not_stored, no, not_stored}, {verb::incr, 5, not_found, no, no},
      {verb::touch, 0x1c, not_found, no, no},   {verb::delete_, 4, not_found, no, no},
      {verb::flush_all, 8, no, no, no},         {verb::version, 0x0b, no, no, no},
  };
  for (const meaning& m : meanings) {
    const std::vector<std::pair<int, cmemcache::status>> said{{1, m.not_found_}, {2, m.exists_}, {5, m.not_stored_}};
    for (const auto& [number, expected] : said) {
      INFO(to_string(m.op) << " " << number);
      const reply_line got = understood(replies({.code = m.code, .status = number}), m.op);
      CHECK(got.status == expected);
      CHECK(got.what == (expected == no ? kind::failure : kind::answer));
      if (expected == no) CHECK(is_fatal(got.code));
    }
  }
}

TEST_CASE("errors that leave a connection usable, and those that do not", "[binary_codec]") {
  const std::vector<std::pair<int, errc>> codes{
      {0x03, errc::value_too_large}, {0x04, errc::client_error}, {0x06, errc::not_a_number},
      {0x20, errc::authentication_failed}, {0x81, errc::unsupported}, {0x82, errc::server_error},
      {0x83, errc::unsupported}, {0x85, errc::server_error}, {0x86, errc::server_error}, {0x7777, errc::client_error}};
  for (const auto& [number, code] : codes) {
    INFO(number);
    const reply_line got = understood(replies({.code = 5, .status = number}), verb::incr);
    CHECK(got.what == kind::failure);
    CHECK(got.code == code);
  }
  CHECK(understood(replies({.code = 8, .status = 0x20}), verb::flush_all).code == errc::unsupported);
}

TEST_CASE("what is no reply to the verb is a protocol error", "[binary_codec]") {
  const auto is_wrong = [](const std::string& bytes, verb asked) {
    reply_line out;
    return binary::read(bytes, asked, out) != 0 && out.what == kind::failure && out.code == errc::protocol_error;
  };
  CHECK(is_wrong("E", verb::get));
  CHECK(is_wrong(asks({.code = 0x0c}), verb::get));
  CHECK(is_wrong(replies({.code = 1}), verb::get));
  CHECK(is_wrong(replies({.code = 0x0c}), verb::get));  // a hit without flags
  CHECK(is_wrong(replies({.code = 0x0c, .extras = "12345", .key = "a"}), verb::get));
  CHECK(is_wrong(replies({.code = 5, .value = "1234567"}), verb::incr));
  CHECK(is_wrong(replies({.code = 0x0b, .value = std::string(9000, 'v')}), verb::version));
  std::string longer_key = replies({.code = 0x0c, .extras = "1234", .key = "a"});
  longer_key[3] = 9;
  CHECK(is_wrong(longer_key, verb::get));

  reply_line out;
  CHECK(binary::read("ERROR\r\nmore", verb::get, out) == 11);
  CHECK(out.text == "ERROR");
}
