#include <cmemcache/error.hpp>
#include <cmemcache/reply.hpp>
#include <cmemcache/request.hpp>

#include <catch2/catch.hpp>

#include <set>
#include <string>

using namespace cmemcache;

namespace {
constexpr int first = static_cast<int>(errc::key_empty);
constexpr int last = static_cast<int>(errc::closed);
}  // namespace

TEST_CASE("every error has words of its own", "[error]") {
  std::set<std::string> seen;
  for (int value = first; value <= last; ++value) {
    const error_code ec = static_cast<errc>(value);
    CHECK(ec.category() == error_category());
    CHECK(ec.message() != "unknown error");
    CHECK(seen.insert(ec.message()).second);
  }
  CHECK(error_category().message(last + 1) == "unknown error");
  CHECK(std::string(error_category().name()) == "cmemcache");
}

TEST_CASE("only what leaves the stream in step is not fatal", "[error]") {
  const std::set<errc> harmless{errc::key_empty,       errc::key_too_long, errc::key_bad_character,
                                errc::value_too_large, errc::bad_server,   errc::bad_argument,
                                errc::server_error,    errc::not_a_number, errc::unsupported};
  for (int value = first; value <= last; ++value) {
    INFO(value);
    CHECK(is_fatal(static_cast<errc>(value)) == !harmless.contains(static_cast<errc>(value)));
  }
  CHECK_FALSE(is_fatal({}));
  CHECK(is_fatal(make_error_code(boost::system::errc::connection_reset)));
  CHECK(is_fatal(make_error_code(boost::system::errc::no_such_file_or_directory)));  // 2, like errc::key_too_long
}

TEST_CASE("an error carries its server", "[error]") {
  const error e(errc::timed_out, "10.0.0.1:11211", "get of 3 keys");
  CHECK(e.code() == errc::timed_out);
  CHECK(e.server() == "10.0.0.1:11211");
  CHECK(std::string(e.what()).find("get of 3 keys") == 0);
}

TEST_CASE("verbs and statuses have the protocol's names", "[error]") {
  CHECK(to_string(verb::get) == "get");
  CHECK(to_string(verb::gats) == "gats");
  CHECK(to_string(verb::set) == "set");
  CHECK(to_string(verb::cas) == "cas");
  CHECK(to_string(verb::decr) == "decr");
  CHECK(to_string(verb::delete_) == "delete");
  CHECK(to_string(verb::flush_all) == "flush_all");
  CHECK(to_string(verb::stats) == "stats");
  CHECK(to_string(status::unanswered) == "unanswered");
  CHECK(to_string(status::stored) == "stored");
  CHECK(to_string(status::deleted) == "deleted");
  CHECK(to_string(status::ok) == "ok");
}

TEST_CASE("verbs are of the kinds that their names say", "[error]") {
  CHECK(is_retrieval(verb::gats));
  CHECK_FALSE(is_retrieval(verb::set));
  CHECK(is_storage(verb::set));
  CHECK(is_storage(verb::cas));
  CHECK_FALSE(is_storage(verb::incr));
  CHECK(has_key(verb::delete_));
  CHECK_FALSE(has_key(verb::flush_all));
  CHECK(is_repeatable(verb::gat));
  CHECK(is_repeatable(verb::touch));
  CHECK_FALSE(is_repeatable(verb::incr));
  CHECK_FALSE(is_repeatable(verb::delete_));
}

TEST_CASE("a reply is true when the request did what its name says", "[error]") {
  using enum status;
  for (const status good : {hit, stored, deleted, touched, number, ok}) CHECK(reply{.status = good});
  for (const status bad : {unanswered, miss, not_stored, exists, not_found}) CHECK_FALSE(reply{.status = bad});
  CHECK(item{.status = touched});
  CHECK_FALSE(item{.status = miss});
}
