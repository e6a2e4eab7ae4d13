#include "exchanges.hpp"

#include <string>

namespace cmemcache::test {

namespace {

using enum verb;

const session::session_options automatic{.protocol = wire_protocol::automatic};
const session::session_options meta{.protocol = wire_protocol::meta};
const step greeting{"version\r\n", "VERSION 1.6.18\r\n"};

const std::string large = "alpha=" + std::string(5000, 'L');

std::vector<exchange> greetings() {
  return {
      {"greeting: meta for stores, one line for gets",
       automatic,
       {greeting, {"get alpha bravo\r\nms alpha 5 O1\r\nalpha\r\n", "VALUE alpha 0 5\r\nalpha\r\nEND\r\nHD O1\r\n"}},
       {{.op = get, .keys = {{.key = "alpha", .answer = hit("alpha")}, {.key = "bravo", .answer = miss}}},
        {.op = set, .keys = {{.key = "alpha", .value = "alpha", .answer = stored}}}}},
      {"greeting: an old server",
       automatic,
       {{"version\r\n", "VERSION 1.6.9\r\n"}, {"set alpha 0 0 1\r\nx\r\n", "STORED\r\n"}},
       {{.op = set, .keys = {{.key = "alpha", .value = "x", .answer = stored}}}}},
      {"greeting: a proxy without version",
       automatic,
       {{"version\r\n", "ERROR\r\n"}, {"delete alpha\r\n", "DELETED\r\n"}},
       {{.op = delete_, .keys = {{.key = "alpha", .answer = deleted}}}}},
      {"greeting: a version that is none",
       automatic,
       {{"version\r\n", "VERSION mcrouter 37\r\n"}, {"delete alpha\r\n", "DELETED\r\n"}},
       {{.op = delete_, .keys = {{.key = "alpha", .answer = deleted}}}}},
      {"greeting: flush first",
       {.protocol = wire_protocol::automatic, .flush_first = true},
       {{"version\r\nflush_all\r\n", "VERSION 1.6.18\r\nOK\r\n"}, {"get alpha\r\n", "END\r\n"}},
       {{.op = get, .keys = {{.key = "alpha", .answer = miss}}}}},
      {"greeting: flush first, in text, forbidden",
       {.protocol = wire_protocol::text, .flush_first = true},
       {{"flush_all\r\n", "CLIENT_ERROR flush_all not allowed\r\n"}, {"get alpha\r\n", "END\r\n"}},
       {{.op = get, .keys = {{.key = "alpha", .answer = miss}}}}},
      {"greeting: who insists on meta is told",
       meta,
       {{"version\r\n", "VERSION 1.5.22\r\n"}, {"flush_all\r\n", "OK\r\n"}},
       {{.op = get, .keys = {{.key = "alpha"}}, .result = errc::unsupported}, {.op = flush_all, .answer = ok}}},
      {"noreply is classic, and so is what has no key",
       automatic,
       {greeting,
        {"set alpha 0 0 1 noreply\r\nx\r\nversion\r\n", "VERSION 1.6.18\r\n"},
        {"stats\r\n", "STAT a b\r\nEND\r\n"}},
       {{.op = set, .noreply = true, .keys = {{.key = "alpha", .value = "x", .answer = stored}}},
        {.op = version, .answer = {.status = status::ok, .value = "1.6.18"}},
        {.op = verb::stats, .answer = ok, .stats = {{"a", "b"}}}}},
  };
}

std::vector<exchange> singles() {
  return {
      {"mg: hit and miss",
       meta,
       {greeting, {"mg alpha v f O1\r\nmg p:bravo v f O2\r\n", "VA 5 f7 O1\r\nalpha\r\nEN O2\r\n"}},
       {{.op = get, .keys = {{.key = "alpha", .answer = hit("alpha", 7)}}},
        {.op = get, .prefix = "p:", .keys = {{.key = "bravo", .answer = miss}}}}},
      {"mg: gets, gat, gats",
       meta,
       {greeting,
        {"mg alpha v f c O1\r\n", "VA 5 f0 c18446744073709551615 O1\r\nalpha\r\n"},
        {"mg alpha v f T60 O2\r\n", "VA 5006 f0 O2\r\n" + large + "\r\n"},
        {"mg alpha v f c T0 O3\r\n", "EN O3\r\n"}},
       {{.op = gets, .keys = {{.key = "alpha", .answer = hit("alpha", 0, 18446744073709551615U)}}},
        {.op = gat, .exptime = 60, .keys = {{.key = "alpha", .answer = hit(large)}}},
        {.op = gats, .keys = {{.key = "alpha", .answer = miss}}}}},
      {"mg: one by one",
       meta,
       {greeting, {"mg alpha v f O1\r\nmg bravo v f O2\r\n", "EN O1\r\nVA 0 f0 O2\r\n\r\n"}},
       {{.op = get,
         .one_by_one = true,
         .keys = {{.key = "alpha", .answer = miss}, {.key = "bravo", .answer = hit("")}}}}},
      {"ms: every mode",
       automatic,
       {greeting,
        {"ms alpha 1 F7 T60 O1\r\nx\r\n", "HD O1\r\n"},
        {"ms alpha 0 ME O2\r\n\r\n", "NS O2\r\n"},
        {"ms alpha 1 MR O3\r\nx\r\n", "NS O3\r\n"},
        {"ms alpha 1 MA O4\r\nx\r\n", "HD O4\r\n"},
        {"ms alpha 5006 MP O5\r\n" + large + "\r\n", "SERVER_ERROR object too large for cache\r\n"}},
       {{.op = set, .exptime = 60, .keys = {{.key = "alpha", .value = "x", .flags = 7, .answer = stored}}},
        {.op = add, .keys = {{.key = "alpha", .answer = not_stored}}},
        {.op = replace, .keys = {{.key = "alpha", .value = "x", .answer = not_stored}}},
        {.op = append, .keys = {{.key = "alpha", .value = "x", .answer = stored}}},
        {.op = prepend, .keys = {{.key = "alpha", .value = large, .answer = refusal(errc::value_too_large)}}}}},
      {"ms: cas, one by one",
       automatic,
       {greeting,
        {"ms alpha 1 C1 O1\r\nx\r\nms bravo 1 C2 O2\r\nx\r\nms delta 1 C3 O3\r\nx\r\n", "HD O1\r\nEX O2\r\nNF O3\r\n"}},
       {{.op = cas,
         .one_by_one = true,
         .keys = {{.key = "alpha", .value = "x", .number = 1, .answer = stored},
                  {.key = "bravo", .value = "x", .number = 2, .answer = exists},
                  {.key = "delta", .value = "x", .number = 3, .answer = not_found}}}}},
      {"ms: one by one, refused in the middle",
       automatic,
       {greeting,
        {"ms alpha 1 O1\r\nx\r\nms bravo 1 O2\r\nx\r\nms delta 1 O3\r\nx\r\n",
         "HD O1\r\nSERVER_ERROR out of memory storing object\r\nHD O3\r\n"}},
       {{.op = set,
         .one_by_one = true,
         .keys = {{.key = "alpha", .value = "x", .answer = stored},
                  {.key = "bravo", .value = "x", .answer = refusal(errc::server_error)},
                  {.key = "delta", .value = "x", .answer = stored}}}}},
      {"ma",
       automatic,
       {greeting,
        {"ma alpha v D1 O1\r\nma bravo v D18446744073709551615 O2\r\nma delta v D2 O3\r\n",
         "VA 20 O1\r\n18446744073709551615\r\nNF O2\r\nCLIENT_ERROR cannot increment or decrement non-numeric "
         "value\r\n"},
        {"ma alpha v D1 MD O4\r\n", "VA 2 O4\r\n9 \r\n"}},
       {{.op = incr,
         .keys = {{.key = "alpha", .number = 1, .answer = count(18446744073709551615U)},
                  {.key = "bravo", .number = 18446744073709551615U, .answer = not_found},
                  {.key = "delta", .number = 2, .answer = refusal(errc::not_a_number)}}},
        {.op = decr, .keys = {{.key = "alpha", .number = 1, .answer = count(9)}}}}},
      {"touch and md",
       automatic,
       {greeting,
        {"mg alpha T60 O1\r\nmg bravo T60 O2\r\nmd noreply O3\r\nmd bravo O4\r\n",
         "HD O1\r\nEN O2\r\nHD O3\r\nNF O4\r\n"}},
       {{.op = touch,
         .exptime = 60,
         .keys = {{.key = "alpha", .answer = touched}, {.key = "bravo", .answer = not_found}}},
        {.op = delete_, .keys = {{.key = "noreply", .answer = deleted}}},
        {.op = delete_, .keys = {{.key = "bravo", .answer = not_found}}}}},
  };
}

std::vector<exchange> quiet() {
  return {
      {"quiet ms: silence is success",
       automatic,
       {greeting, {"ms alpha 1 O1 q\r\nx\r\nms bravo 1 O2 q\r\nx\r\nmn\r\n", "MN\r\n"}},
       {{.op = set,
         .keys = {{.key = "alpha", .value = "x", .answer = stored},
                  {.key = "bravo", .value = "x", .answer = stored}}}}},
      {"many ms that may not be sent twice: each is answered",
       automatic,
       {greeting,
        {"ms p:alpha 1 ME O1\r\nx\r\nms p:bravo 1 ME O2\r\nx\r\nms p:delta 1 ME O3\r\nx\r\n",
         "HD O1\r\nNS O2 \r\nHD O3\r\n"},
        {"ms alpha 1 C1 O4\r\nx\r\nms bravo 1 C2 O5\r\nx\r\nms delta 1 C3 O6\r\nx\r\n",
         "EX O4\r\nHD O5\r\nNF O6\r\n"}},
       {{.op = add,
         .prefix = "p:",
         .keys = {{.key = "alpha", .value = "x", .answer = stored},
                  {.key = "bravo", .value = "x", .answer = not_stored},
                  {.key = "delta", .value = "x", .answer = stored}}},
        {.op = cas,
         .keys = {{.key = "alpha", .value = "x", .number = 1, .answer = exists},
                  {.key = "bravo", .value = "x", .number = 2, .answer = stored},
                  {.key = "delta", .value = "x", .number = 3, .answer = not_found}}}}},
      {"quiet ms: an error without a name leaves the rest open",
       automatic,
       {greeting,
        {"ms alpha 1 O1 q\r\nx\r\nms bravo 5006 O2 q\r\n" + large + "\r\nms delta 1 O3 q\r\nx\r\nmn\r\n",
         "SERVER_ERROR object too large for cache\r\nHD O3\r\nMN\r\n"},
        {"get alpha\r\n", "END\r\n"}},
       {{.op = set,
         .keys = {{.key = "alpha", .value = "x"},
                  {.key = "bravo", .value = large},
                  {.key = "delta", .value = "x", .answer = stored}},
         .ambiguous = true},
        {.op = get, .keys = {{.key = "alpha", .answer = miss}}}}},
      {"quiet md: NF in the middle",
       automatic,
       {greeting, {"md alpha O1 q\r\nmd bravo O2 q\r\nmd alpha O3 q\r\nmn\r\n", "NF O3\r\nMN\r\n"}},
       {{.op = delete_,
         .keys = {{.key = "alpha", .answer = deleted},
                  {.key = "bravo", .answer = deleted},
                  {.key = "alpha", .answer = not_found}}}}},
      {"quiet md: answers that need not be",
       automatic,
       {greeting, {"md alpha O1 q\r\nmd bravo O2 q\r\nmn\r\n", "HD O2\r\nNF O1\r\nMN\r\n"}},
       {{.op = delete_, .keys = {{.key = "alpha", .answer = not_found}, {.key = "bravo", .answer = deleted}}}}},
      {"quiet mg: silence is a miss",
       meta,
       {greeting,
        {"mg alpha v f O1 q\r\nmg bravo v f O2 q\r\nmg charlie v f O3 q\r\nmg alpha v f O4 q\r\nmn\r\n",
         "VA 7 f1 O1\r\nalpha=1\r\nVA 5006 f0 O4\r\n" + large + "\r\nMN\r\n"}},
       {{.op = get,
         .keys = {{.key = "alpha", .answer = hit("alpha=1", 1)},
                  {.key = "bravo", .answer = miss},
                  {.key = "charlie", .answer = miss},
                  {.key = "alpha", .answer = hit(large)}}}}},
      {"quiet mg: gats, EN said nevertheless, an error",
       meta,
       {greeting,
        {"mg alpha v f c T5 O1 q\r\nmg bravo v f c T5 O2 q\r\nmn\r\n", "EN O1\r\nVA 5 f0 c9 O2\r\nbravo\r\nMN\r\n"},
        {"mg alpha v f O3 q\r\nmg bravo v f O4 q\r\nmn\r\n",
         "SERVER_ERROR out of memory\r\nVA 5 f0 O4\r\nbravo\r\nMN\r\n"}},
       {{.op = gats,
         .exptime = 5,
         .keys = {{.key = "alpha", .answer = miss}, {.key = "bravo", .answer = hit("bravo", 0, 9)}}},
        {.op = get, .keys = {{.key = "alpha"}, {.key = "bravo", .answer = hit("bravo")}}, .ambiguous = true}}},
      {"quiet batches, pipelined with others",
       automatic,
       {greeting,
        {"ms alpha 1 O1 q\r\nx\r\nms bravo 1 O2 q\r\nx\r\nmn\r\nget alpha\r\nmd alpha O3 q\r\nmd bravo O4 "
         "q\r\nmn\r\nma bravo v D1 O5\r\n",
         "NS O1\r\nMN\r\nVALUE alpha 0 5\r\nalpha\r\nEND\r\nMN\r\nVA 1 O5\r\n5\r\n"}},
       {{.op = set,
         .keys = {{.key = "alpha", .value = "x", .answer = not_stored},
                  {.key = "bravo", .value = "x", .answer = stored}}},
        {.op = get, .keys = {{.key = "alpha", .answer = hit("alpha")}}},
        {.op = delete_, .keys = {{.key = "alpha", .answer = deleted}, {.key = "bravo", .answer = deleted}}},
        {.op = incr, .keys = {{.key = "bravo", .number = 1, .answer = count(5)}}}}},
  };
}

}  // namespace

const std::vector<exchange>& meta_exchanges() {
  static const std::vector<exchange> table = [] {
    std::vector<exchange> all;
    for (auto part : {greetings(), singles(), quiet()}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return table;
}

const std::vector<exchange>& all_exchanges() {
  static const std::vector<exchange> table = [] {
    std::vector<exchange> all = text_exchanges();
    for (const auto* more : {&meta_exchanges(), &binary_exchanges(), &authentications()})
      all.insert(all.end(), more->begin(), more->end());
    return all;
  }();
  return table;
}

}  // namespace cmemcache::test
