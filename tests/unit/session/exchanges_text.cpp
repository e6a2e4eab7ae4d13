#include "exchanges.hpp"

#include <string>

namespace cmemcache::test {

namespace {

using enum verb;

const session::session_options text{.protocol = wire_protocol::text};

// Above the size from which values are gathered, not copied.
const std::string large = "alpha=" + std::string(5000, 'L');
const std::string binary = std::string("alpha=\0\r\n\0END\r", 14);
const std::string lookalike = "alpha\r\nVALUE bravo 0 5\r\nwrong\r\nEND\r\n";

std::vector<exchange> retrievals() {
  return {
      {"get: a hit",
       text,
       {{"get alpha\r\n", "VALUE alpha 7 7\r\nalpha=1\r\nEND\r\n"}},
       {{.op = get, .keys = {{.key = "alpha", .answer = hit("alpha=1", 7)}}}}},
      {"get: a miss", text, {{"get alpha\r\n", "END\r\n"}}, {{.op = get, .keys = {{.key = "alpha", .answer = miss}}}}},
      {"get: an empty value",
       text,
       {{"get alpha\r\n", "VALUE alpha 0 0\r\n\r\nEND\r\n"}},
       {{.op = get, .keys = {{.key = "alpha", .answer = hit("")}}}}},
      {"get: NUL, CR LF and END in a value",
       text,
       {{"get alpha\r\n", "VALUE alpha 0 14\r\n" + binary + "\r\nEND\r\n"}},
       {{.op = get, .keys = {{.key = "alpha", .answer = hit(binary)}}}}},
      {"get: a value that reads like another",
       text,
       {{"get alpha bravo\r\n",
         "VALUE alpha 0 " + std::to_string(lookalike.size()) + "\r\n" + lookalike + "\r\nEND\r\n"}},
       {{.op = get, .keys = {{.key = "alpha", .answer = hit(lookalike)}, {.key = "bravo", .answer = miss}}}},
       true},
      {"get: hits and misses, a prefix",
       text,
       {{"get p:alpha p:bravo p:charlie p:delta\r\n",
         "VALUE p:bravo 1 7\r\nbravo=1\r\nVALUE p:delta 4294967295 5\r\ndelta\r\nEND\r\n"}},
       {{.op = get,
         .prefix = "p:",
         .keys = {{.key = "alpha", .answer = miss},
                  {.key = "bravo", .answer = hit("bravo=1", 1)},
                  {.key = "charlie", .answer = miss},
                  {.key = "delta", .answer = hit("delta", 4294967295U)}}}}},
      {"get: the same key twice",
       text,
       {{"get alpha bravo alpha\r\n", "VALUE alpha 0 7\r\nalpha=1\r\nVALUE alpha 0 7\r\nalpha=2\r\nEND\r\n"}},
       {{.op = get,
         .keys = {{.key = "alpha", .answer = hit("alpha=1")},
                  {.key = "bravo", .answer = miss},
                  {.key = "alpha", .answer = hit("alpha=2")}}}}},
      {"get: a proxy answers in another order",
       text,
       {{"get p:alpha p:bravo p:charlie p:alpha p:delta\r\n",
         "VALUE p:delta 4 7\r\ndelta=4\r\nVALUE p:alpha 1 7\r\nalpha=1\r\nVALUE p:charlie 3 9\r\ncharlie=3\r\nVALUE "
         "p:alpha 1 7\r\nalpha=1\r\nEND\r\n"}},
       {{.op = get,
         .prefix = "p:",
         .keys = {{.key = "alpha", .answer = hit("alpha=1", 1)},
                  {.key = "bravo", .answer = miss},
                  {.key = "charlie", .answer = hit("charlie=3", 3)},
                  {.key = "alpha", .answer = hit("alpha=1", 1)},
                  {.key = "delta", .answer = hit("delta=4", 4)}}}}},
      {"get: the server gives up in the middle",
       text,
       {{"get alpha bravo\r\n", "VALUE alpha 0 7\r\nalpha=1\r\nSERVER_ERROR out of memory writing get response\r\n"},
        {"get delta\r\n", "END\r\n"}},
       {{.op = get,
         .keys = {{.key = "alpha", .answer = hit("alpha=1")}, {.key = "bravo"}},
         .result = errc::server_error},
        {.op = get, .keys = {{.key = "delta", .answer = miss}}}}},
      {"gets",
       text,
       {{"gets alpha bravo\r\n",
         "VALUE alpha 0 7 18446744073709551615\r\nalpha=1\r\nVALUE bravo 9 5 0\r\nbravo\r\nEND\r\n"}},
       {{.op = gets,
         .keys = {{.key = "alpha", .answer = hit("alpha=1", 0, 18446744073709551615U)},
                  {.key = "bravo", .answer = hit("bravo", 9, 0)}}}}},
      {"gat, gats",
       text,
       {{"gat 60 alpha bravo\r\n", "VALUE bravo 0 5\r\nbravo\r\nEND\r\n"},
        {"gats 0 alpha\r\n", "VALUE alpha 2 5 17\r\nalpha\r\nEND\r\n"}},
       {{.op = gat,
         .exptime = 60,
         .keys = {{.key = "alpha", .answer = miss}, {.key = "bravo", .answer = hit("bravo")}}},
        {.op = gats, .keys = {{.key = "alpha", .answer = hit("alpha", 2, 17)}}}}},
      {"get: large values",
       text,
       {{"get alpha bravo\r\n", "VALUE alpha 0 5006\r\n" + large + "\r\nVALUE bravo 0 5\r\nbravo\r\nEND\r\n"}},
       {{.op = get, .keys = {{.key = "alpha", .answer = hit(large)}, {.key = "bravo", .answer = hit("bravo")}}}}},
  };
}

std::vector<exchange> stores() {
  return {
      {"set: one",
       text,
       {{"set alpha 7 60 7\r\nalpha=1\r\n", "STORED\r\n"}},
       {{.op = set, .exptime = 60, .keys = {{.key = "alpha", .value = "alpha=1", .flags = 7, .answer = stored}}}}},
      {"set: three, one too large",
       text,
       {{"set p:alpha 0 0 1\r\n1\r\n", "STORED\r\n"},
        {"set p:bravo 0 0 5006\r\n" + large + "\r\n", "SERVER_ERROR object too large for cache\r\n"},
        {"set p:delta 0 0 0\r\n\r\n", "STORED\r\n"}},
       {{.op = set,
         .prefix = "p:",
         .keys = {{.key = "alpha", .value = "1", .answer = stored},
                  {.key = "bravo", .value = large, .answer = refusal(errc::value_too_large)},
                  {.key = "delta", .value = "", .answer = stored}}}}},
      {"add, replace",
       text,
       {{"add alpha 0 0 2\r\n\r\n\r\n", "NOT_STORED\r\n"},
        {"replace bravo 0 -1 1\r\nx\r\nreplace delta 0 -1 1\r\ny\r\n", "NOT_STORED\r\nSTORED\r\n"}},
       {{.op = add, .keys = {{.key = "alpha", .value = "\r\n", .answer = not_stored}}},
        {.op = replace,
         .exptime = -7,
         .keys = {{.key = "bravo", .value = "x", .answer = not_stored},
                  {.key = "delta", .value = "y", .answer = stored}}}}},
      {"append, prepend",
       text,
       {{"append alpha 0 0 1\r\nx\r\n", "STORED\r\n"},
        {"prepend alpha 0 0 1\r\nx\r\n", "SERVER_ERROR out of memory storing object\r\n"}},
       {{.op = append, .keys = {{.key = "alpha", .value = "x", .answer = stored}}},
        {.op = prepend, .keys = {{.key = "alpha", .value = "x", .answer = refusal(errc::server_error)}}}}},
      {"cas: all that may become of it",
       text,
       {{"cas alpha 0 0 1 1\r\nx\r\ncas bravo 0 0 1 2\r\nx\r\ncas delta 0 0 1 3\r\nx\r\n",
         "STORED\r\nEXISTS\r\nNOT_FOUND\r\n"}},
       {{.op = cas,
         .keys = {{.key = "alpha", .value = "x", .number = 1, .answer = stored},
                  {.key = "bravo", .value = "x", .number = 2, .answer = exists},
                  {.key = "delta", .value = "x", .number = 3, .answer = not_found}}}}},
      {"noreply: silence is success",
       text,
       {{"set alpha 0 0 1 noreply\r\nx\r\nset bravo 0 0 5006 noreply\r\n" + large + "\r\n"},
        {"delete alpha noreply\r\n"},
        {"touch alpha 5 noreply\r\n"},
        {"incr alpha 1 noreply\r\n"},
        {"flush_all noreply\r\n"},
        {"get alpha\r\n", "VALUE alpha 0 5\r\nalpha\r\nEND\r\n"}},
       {{.op = set,
         .noreply = true,
         .keys = {{.key = "alpha", .value = "x", .answer = stored},
                  {.key = "bravo", .value = large, .answer = stored}}},
        {.op = delete_, .noreply = true, .keys = {{.key = "alpha", .answer = deleted}}},
        {.op = touch, .noreply = true, .exptime = 5, .keys = {{.key = "alpha", .answer = touched}}},
        {.op = incr, .noreply = true, .keys = {{.key = "alpha", .number = 1, .answer = ok}}},
        {.op = flush_all, .noreply = true, .answer = ok},
        {.op = get, .noreply = true, .keys = {{.key = "alpha", .answer = hit("alpha")}}}}},
  };
}

std::vector<exchange> others() {
  return {
      {"incr, decr",
       text,
       {{"incr alpha 1\r\nincr bravo 2\r\nincr delta 3\r\n",
         "18446744073709551615\r\nNOT_FOUND\r\nCLIENT_ERROR cannot increment or decrement non-numeric value\r\n"},
        {"decr alpha 5\r\n", "9  \r\n"}},
       {{.op = incr,
         .keys = {{.key = "alpha", .number = 1, .answer = count(18446744073709551615U)},
                  {.key = "bravo", .number = 2, .answer = not_found},
                  {.key = "delta", .number = 3, .answer = refusal(errc::not_a_number)}}},
        {.op = decr, .keys = {{.key = "alpha", .number = 5, .answer = count(9)}}}}},
      {"touch, delete",
       text,
       {{"touch alpha 2147483647\r\ntouch bravo 2147483647\r\n", "TOUCHED\r\nNOT_FOUND\r\n"},
        {"delete noreply 0\r\ndelete bravo\r\n", "DELETED\r\nNOT_FOUND\r\n"}},
       {{.op = touch,
         .exptime = 1LL << 40,
         .keys = {{.key = "alpha", .answer = touched}, {.key = "bravo", .answer = not_found}}},
        {.op = delete_, .keys = {{.key = "noreply", .answer = deleted}, {.key = "bravo", .answer = not_found}}}}},
      {"flush_all, version, stats",
       text,
       {{"flush_all 30\r\n", "OK\r\n"},
        {"version\r\n", "VERSION 1.6.18\r\n"},
        {"stats\r\n", "STAT pid 1\r\nSTAT version 1.6.18 x\r\nSTAT empty \r\nEND\r\n"},
        {"stats reset\r\n", "RESET\r\n"},
        {"stats items\r\n", "END\r\n"}},
       {{.op = flush_all, .delay = 30, .answer = ok},
        {.op = version, .answer = {.status = status::ok, .value = "1.6.18"}},
        {.op = verb::stats, .answer = ok, .stats = {{"pid", "1"}, {"version", "1.6.18 x"}, {"empty", ""}}},
        {.op = verb::stats, .argument = "reset", .answer = ok},
        {.op = verb::stats, .argument = "items", .answer = ok}}},
      {"flush_all is not allowed",
       text,
       {{"flush_all\r\n", "CLIENT_ERROR flush_all not allowed\r\n"}, {"get alpha\r\n", "END\r\n"}},
       {{.op = flush_all, .result = errc::unsupported}, {.op = get, .keys = {{.key = "alpha", .answer = miss}}}}},
      {"requests of all sorts, pipelined, answered in one go",
       text,
       {{"get alpha\r\nset alpha 0 0 5\r\nalpha\r\ndelete bravo noreply\r\nincr charlie 1\r\nget alpha delta\r\ndelete "
         "alpha\r\n",
         "END\r\nSTORED\r\n6\r\nVALUE alpha 0 5\r\nalpha\r\nEND\r\nDELETED\r\n"}},
       {{.op = get, .keys = {{.key = "alpha", .answer = miss}}},
        {.op = set, .keys = {{.key = "alpha", .value = "alpha", .answer = stored}}},
        {.op = delete_, .noreply = true, .keys = {{.key = "bravo", .answer = deleted}}},
        {.op = incr, .keys = {{.key = "charlie", .number = 1, .answer = count(6)}}},
        {.op = get, .keys = {{.key = "alpha", .answer = hit("alpha")}, {.key = "delta", .answer = miss}}},
        {.op = delete_, .keys = {{.key = "alpha", .answer = deleted}}}}},
  };
}

}  // namespace

const std::vector<exchange>& text_exchanges() {
  static const std::vector<exchange> table = [] {
    std::vector<exchange> all;
    for (auto part : {retrievals(), stores(), others()}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return table;
}

}  // namespace cmemcache::test
