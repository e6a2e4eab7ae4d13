#include <string>

#include "exchanges.hpp"
#include "support/frames.hpp"

namespace cmemcache::test {

namespace {

using enum verb;

const session::session_options binary{.protocol = wire_protocol::binary};

const std::string large = "alpha=" + std::string(5000, 'L');
const std::string no_flags = big_endian(0, 4);
const std::string stores = big_endian(0, 8);  // no flags, no exptime

std::string counts(std::uint64_t delta) { return big_endian(delta, 8) + big_endian(0, 8) + big_endian(0xffffffff, 4); }

std::vector<exchange> singles() {
  return {
      {"binary: getk and gatk, hits and misses",
       binary,
       {{asks({.code = 0x0c, .key = "alpha", .opaque = 1}) + asks({.code = 0x0c, .key = "p:bravo", .opaque = 3}),
         replies({.code = 0x0c, .extras = big_endian(7, 4), .key = "alpha", .value = "alpha", .opaque = 1, .cas = 5}) +
             replies({.code = 0x0c, .status = 1, .key = "p:bravo", .opaque = 3})},
        {asks({.code = 0x0c, .key = "alpha", .opaque = 5}),
         replies({.code = 0x0c, .extras = no_flags, .key = "alpha", .value = "", .opaque = 5, .cas = ~0ull})},
        {asks({.code = 0x23, .extras = big_endian(60, 4), .key = "alpha", .opaque = 7}),
         replies({.code = 0x23, .extras = no_flags, .key = "alpha", .value = large, .opaque = 7})},
        {asks({.code = 0x23, .extras = big_endian(0, 4), .key = "alpha", .opaque = 9}),
         replies({.code = 0x23, .status = 1, .value = "Not found", .opaque = 9})}},
       {{.op = get, .keys = {{.key = "alpha", .answer = hit("alpha", 7)}}},
        {.op = get, .prefix = "p:", .keys = {{.key = "bravo", .answer = miss}}},
        {.op = gets, .keys = {{.key = "alpha", .answer = hit("", 0, ~0ull)}}},
        {.op = gat, .exptime = 60, .keys = {{.key = "alpha", .answer = hit(large)}}},
        {.op = gats, .keys = {{.key = "alpha", .answer = miss}}}}},
      {"binary: every store",
       binary,
       {{asks({.code = 1, .extras = big_endian(7, 4) + big_endian(60, 4), .key = "alpha", .value = "x", .opaque = 1}),
         replies({.code = 1, .opaque = 1, .cas = 3})},
        {asks({.code = 2, .extras = stores, .key = "alpha", .opaque = 3}),
         replies({.code = 2, .status = 2, .value = "Data exists for key.", .opaque = 3})},
        {asks({.code = 3, .extras = stores, .key = "alpha", .value = "x", .opaque = 5}),
         replies({.code = 3, .status = 1, .value = "Not found", .opaque = 5})},
        {asks({.code = 0x0e, .key = "alpha", .value = "x", .opaque = 7}), replies({.code = 0x0e, .opaque = 7})},
        {asks({.code = 0x0f, .key = "alpha", .value = large, .opaque = 9}),
         replies({.code = 0x0f, .status = 5, .value = "Not stored.", .opaque = 9})},
        {asks({.code = 1, .extras = stores, .key = "alpha", .value = large, .opaque = 11}),
         replies({.code = 1, .status = 3, .value = "Too large.", .opaque = 11})}},
       {{.op = set, .exptime = 60, .keys = {{.key = "alpha", .value = "x", .flags = 7, .answer = stored}}},
        {.op = add, .keys = {{.key = "alpha", .answer = not_stored}}},
        {.op = replace, .keys = {{.key = "alpha", .value = "x", .answer = not_stored}}},
        {.op = append, .keys = {{.key = "alpha", .value = "x", .answer = stored}}},
        {.op = prepend, .keys = {{.key = "alpha", .value = large, .answer = not_stored}}},
        {.op = set, .keys = {{.key = "alpha", .value = large, .answer = refusal(errc::value_too_large)}}}}},
      {"binary: numbers, one by one because each has an answer",
       binary,
       {{asks({.code = 5, .extras = counts(1), .key = "alpha", .opaque = 1}) +
             asks({.code = 5, .extras = counts(~0ull), .key = "bravo", .opaque = 2}) +
             asks({.code = 5, .extras = counts(2), .key = "delta", .opaque = 3}),
         replies({.code = 5, .value = big_endian(~0ull, 8), .opaque = 1, .cas = 9}) +
             replies({.code = 5, .status = 1, .value = "Not found", .opaque = 2}) +
             replies({.code = 5, .status = 6, .value = "Non-numeric server-side value for incr or decr", .opaque = 3})},
        {asks({.code = 6, .extras = counts(1), .key = "alpha", .opaque = 5}),
         replies({.code = 6, .value = big_endian(9, 8), .opaque = 5})}},
       {{.op = incr,
         .keys = {{.key = "alpha", .number = 1, .answer = count(~0ull)},
                  {.key = "bravo", .number = ~0ull, .answer = not_found},
                  {.key = "delta", .number = 2, .answer = refusal(errc::not_a_number)}}},
        {.op = decr, .keys = {{.key = "alpha", .number = 1, .answer = count(9)}}}}},
      {"binary: touch and delete",
       binary,
       {{asks({.code = 0x1c, .extras = big_endian(60, 4), .key = "alpha", .opaque = 1}) +
             asks({.code = 0x1c, .extras = big_endian(60, 4), .key = "bravo", .opaque = 2}) +
             asks({.code = 4, .key = "bravo", .opaque = 4}),
         replies({.code = 0x1c, .extras = no_flags, .opaque = 1, .cas = 3}) +
             replies({.code = 0x1c, .status = 1, .value = "Not found", .opaque = 2}) +
             replies({.code = 4, .opaque = 4})}},
       {{.op = touch,
         .exptime = 60,
         .keys = {{.key = "alpha", .answer = touched}, {.key = "bravo", .answer = not_found}}},
        {.op = delete_, .keys = {{.key = "bravo", .answer = deleted}}}}},
      {"binary: about the server",
       binary,
       {{asks({.code = 0x0b, .opaque = 1}), replies({.code = 0x0b, .value = "1.6.18", .opaque = 1})},
        {asks({.code = 0x10, .key = "items", .opaque = 2}),
         replies({.code = 0x10, .key = "a", .value = "b", .opaque = 2}) +
             replies({.code = 0x10, .key = "c", .value = "", .opaque = 2}) + replies({.code = 0x10, .opaque = 2})},
        {asks({.code = 0x10, .key = "nonsense", .opaque = 3}), replies({.code = 0x10, .status = 1, .opaque = 3})},
        {asks({.code = 8, .opaque = 4}), replies({.code = 8, .opaque = 4})},
        {asks({.code = 8, .extras = big_endian(10, 4), .opaque = 5}),
         replies({.code = 8, .status = 0x20, .value = "Auth failure.", .opaque = 5})}},
       {{.op = version, .answer = {.status = status::ok, .value = "1.6.18"}},
        {.op = verb::stats, .argument = "items", .answer = ok, .stats = {{"a", "b"}, {"c", ""}}},
        {.op = verb::stats, .argument = "nonsense", .result = errc::unsupported},
        {.op = flush_all, .answer = ok},
        {.op = flush_all, .delay = 10, .result = errc::unsupported}}},
      {"binary: who wants no reply does not hear of it",
       binary,
       {{asks({.code = 1, .extras = stores, .key = "alpha", .value = "x", .opaque = 1}) +
             asks({.code = 1, .extras = stores, .key = "alpha", .value = "x", .opaque = 3}) +
             asks({.code = 5, .extras = counts(1), .key = "alpha", .opaque = 5}),
         replies({.code = 1, .status = 3, .value = "Too large.", .opaque = 1}) + replies({.code = 1, .opaque = 3}) +
             replies({.code = 5, .value = big_endian(7, 8), .opaque = 5})}},
       {{.op = set, .noreply = true, .keys = {{.key = "alpha", .value = "x", .answer = stored}}},
        {.op = set, .noreply = true, .keys = {{.key = "alpha", .value = "x", .answer = stored}}},
        {.op = incr, .noreply = true, .keys = {{.key = "alpha", .number = 1, .answer = ok}}}}},
  };
}

std::vector<exchange> quiet() {
  const std::string first = asks({.code = 0x11, .extras = stores, .key = "alpha", .value = "x", .opaque = 1});
  return {
      {"quiet setq: silence is success, and each failure has a name",
       binary,
       {{first + asks({.code = 0x11, .extras = stores, .key = "bravo", .value = large, .opaque = 2}) +
             asks({.code = 0x11, .extras = stores, .key = "delta", .value = "x", .opaque = 3}) + asks({.code = 0x0a, .opaque = 4}),
         replies({.code = 0x11, .status = 0x82, .value = "Out of memory", .opaque = 2}) + replies({.code = 0x0a, .opaque = 4})}},
       {{.op = set,
         .keys = {{.key = "alpha", .value = "x", .answer = stored},
                  {.key = "bravo", .value = large, .answer = refusal(errc::server_error)},
                  {.key = "delta", .value = "x", .answer = stored}}}}},
      {"quiet addq, and setq with a unique",
       binary,
       {{asks({.code = 0x12, .extras = stores, .key = "alpha", .value = "x", .opaque = 1}) +
             asks({.code = 0x12, .extras = stores, .key = "bravo", .value = "x", .opaque = 2}) + asks({.code = 0x0a, .opaque = 3}),
         replies({.code = 0x12, .status = 2, .opaque = 1}) + replies({.code = 0x0a, .opaque = 3})},
        {asks({.code = 0x11, .extras = stores, .key = "alpha", .value = "x", .opaque = 4, .cas = 1}) +
             asks({.code = 0x11, .extras = stores, .key = "bravo", .value = "x", .opaque = 5, .cas = ~0ull}) +
             asks({.code = 0x11, .extras = stores, .key = "delta", .value = "x", .opaque = 6, .cas = 3}) +
             asks({.code = 0x0a, .opaque = 7}),
         replies({.code = 0x11, .status = 2, .opaque = 4}) + replies({.code = 0x11, .status = 1, .opaque = 5}) +
             replies({.code = 0x0a, .opaque = 7})}},
       {{.op = add,
         .keys = {{.key = "alpha", .value = "x", .answer = not_stored}, {.key = "bravo", .value = "x", .answer = stored}}},
        {.op = cas,
         .keys = {{.key = "alpha", .value = "x", .number = 1, .answer = exists},
                  {.key = "bravo", .value = "x", .number = 0, .answer = not_found},
                  {.key = "delta", .value = "x", .number = 3, .answer = stored}}}}},
      {"quiet deleteq",
       binary,
       {{asks({.code = 0x14, .key = "alpha", .opaque = 1}) + asks({.code = 0x14, .key = "bravo", .opaque = 2}) +
             asks({.code = 0x0a, .opaque = 3}),
         replies({.code = 0x14, .status = 1, .opaque = 2}) + replies({.code = 0x0a, .opaque = 3})}},
       {{.op = delete_, .keys = {{.key = "alpha", .answer = deleted}, {.key = "bravo", .answer = not_found}}}}},
      {"quiet getkq: silence is a miss",
       binary,
       {{asks({.code = 0x0d, .key = "alpha", .opaque = 1}) + asks({.code = 0x0d, .key = "bravo", .opaque = 2}) +
             asks({.code = 0x0d, .key = "charlie", .opaque = 3}) + asks({.code = 0x0d, .key = "alpha", .opaque = 4}) +
             asks({.code = 0x0a, .opaque = 5}),
         replies({.code = 0x0d, .extras = big_endian(1, 4), .key = "alpha", .value = "alpha=1", .opaque = 1}) +
             replies({.code = 0x0d, .status = 0x82, .value = "Out of memory", .opaque = 3}) +
             replies({.code = 0x0d, .extras = no_flags, .key = "alpha", .value = large, .opaque = 4}) +
             replies({.code = 0x0a, .opaque = 5})}},
       {{.op = get,
         .keys = {{.key = "alpha", .answer = hit("alpha=1", 1)},
                  {.key = "bravo", .answer = miss},
                  {.key = "charlie", .answer = refusal(errc::server_error)},
                  {.key = "alpha", .answer = hit(large)}}}}},
      {"quiet gatkq with uniques, pipelined with others",
       binary,
       {{asks({.code = 0x24, .extras = big_endian(2592001, 4), .key = "p:alpha", .opaque = 1}) +
             asks({.code = 0x24, .extras = big_endian(2592001, 4), .key = "p:bravo", .opaque = 2}) +
             asks({.code = 0x0a, .opaque = 3}) + asks({.code = 4, .key = "alpha", .opaque = 4}),
         replies({.code = 0x24, .extras = no_flags, .key = "p:bravo", .value = "bravo", .opaque = 2, .cas = 8}) +
             replies({.code = 0x0a, .opaque = 3}) + replies({.code = 4, .status = 1, .opaque = 4})}},
       {{.op = gats,
         .exptime = -1,
         .prefix = "p:",
         .keys = {{.key = "alpha", .answer = miss}, {.key = "bravo", .answer = hit("bravo", 0, 8)}}},
        {.op = delete_, .keys = {{.key = "alpha", .answer = not_found}}}}},
  };
}

}  // namespace

const std::vector<exchange>& binary_exchanges() {
  static const std::vector<exchange> table = [] {
    std::vector<exchange> all = singles();
    for (const exchange& e : quiet()) all.push_back(e);
    return all;
  }();
  return table;
}

}  // namespace cmemcache::test
