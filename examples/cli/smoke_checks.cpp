#include "cli/smoke_round.hpp"

#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace cli {

using namespace std::string_literals;
using cmemcache::errc;
using cmemcache::error_code;
using cmemcache::request;
using cmemcache::status;
using cmemcache::verb;

bool smoke_round::answers() {
  return check("version", [&] {
    std::string detail;
    for (const auto& one : mc_.version())
      for (const auto& [name, value] : one.values) detail += (detail.empty() ? "" : ", ") + value;
    if (detail.empty()) throw failed("no server told its version");
    return detail;
  });
}

void smoke_round::values() {
  const std::string k = key("value");
  check("get", [&] { return expect(mc_.get(k), status::miss); });
  check("set", [&] { return expect(mc_.set(k, "hello, world", 60, 0xFFFFFFFF), status::stored); });
  check("get", [&] { return expect(mc_.get(k), status::hit, "hello, world"); });
  check("get its flags", [&] {
    const auto r = mc_.get(k);
    if (r.flags != 0xFFFFFFFF) throw failed("expected 4294967295, got " + std::to_string(r.flags));
    return std::to_string(r.flags);
  });
  check("touch", [&] { return expect(mc_.touch(k, 120), status::touched); });
  check("gat", [&] { return expect(mc_.gat(k, 60), status::hit, "hello, world"); });
  check("delete", [&] { return expect(mc_.delete_(k), status::deleted); });
  check("delete", [&] { return expect(mc_.delete_(k), status::not_found); });
  check("touch", [&] { return expect(mc_.touch(k, 60), status::not_found); });
  check("gat", [&] { return expect(mc_.gat(k, 60), status::miss); });
  check("set without a reply", [&] {
    request quiet;
    quiet.op = verb::set;
    quiet.key = k;
    quiet.value = "hush";
    quiet.exptime = 60;
    quiet.noreply = true;
    mc_.execute(quiet);
    return expect(mc_.get(k), status::hit, "hush");
  });
}

void smoke_round::conditions() {
  const std::string k = key("condition");
  check("replace", [&] { return expect(mc_.replace(k, "b", 60), status::not_stored); });
  check("append", [&] { return expect(mc_.append(k, "c"), status::not_stored); });
  check("prepend", [&] { return expect(mc_.prepend(k, "a"), status::not_stored); });
  check("cas", [&] { return expect(mc_.cas(k, "x", 1, 60), status::not_found); });
  check("gets", [&] { return expect(mc_.gets(k), status::miss); });
  check("add", [&] { return expect(mc_.add(k, "x", 60), status::stored); });
  check("add", [&] { return expect(mc_.add(k, "y", 60), status::not_stored); });
  check("replace", [&] { return expect(mc_.replace(k, "b", 60), status::stored); });
  check("append", [&] { return expect(mc_.append(k, "c"), status::stored); });
  check("prepend", [&] { return expect(mc_.prepend(k, "a"), status::stored); });
  std::uint64_t unique = 0;
  check("gets", [&] {
    const auto r = mc_.gets(k);
    unique = r.cas;
    return expect(r, status::hit, "abc");
  });
  check("cas", [&] { return expect(mc_.cas(k, "mine", unique, 60), status::stored); });
  check("cas", [&] { return expect(mc_.cas(k, "late", unique, 60), status::exists); });
  check("get what cas left", [&] { return expect(mc_.get(k), status::hit, "mine"); });
}

void smoke_round::numbers() {
  const std::string k = key("number");
  check("incr", [&] { return expect(mc_.incr(k), status::not_found); });
  check("decr", [&] { return expect(mc_.decr(k), status::not_found); });
  check("incr", [&] { return mc_.set(k, "41", 60), expect_number(mc_.incr(k), 42); });
  check("decr", [&] { return expect_number(mc_.decr(k, 40), 2); });
  check("decr stops at 0", [&] { return expect_number(mc_.decr(k, 3), 0); });
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  check("incr to 2**64 - 1", [&] { return expect_number(mc_.incr(k, most), most); });
  check("incr wraps", [&] { return expect_number(mc_.incr(k, 2), 1); });
  check("incr of a word", [&] {
    mc_.set(k, "word", 60);
    error_code ec;
    mc_.incr(k, 1, ec);
    return expect_refusal(ec, errc::not_a_number);
  });
}

void smoke_round::shapes() {
  std::string binary;
  for (int i = 0; i < 256; ++i) binary += static_cast<char>(i);
  binary += "\0\r\nEND\r\nVALUE x 0 1\r\n"s;
  const std::pair<const char*, std::string> values[] = {
      {"an empty value", {}},
      {"a value of every byte", binary},
      {"a value near 1 MiB", std::string(1024 * 1024 - 1024, '\xAB')},
  };
  for (const auto& [name, value] : values) {
    check(name, [&, &what = value] {
      const std::string k = key("shape");
      expect(mc_.set(k, what, 60), status::stored);
      return expect(mc_.get(k), status::hit, what);
    });
  }
  check("a key of 250 bytes", [&] {
    const auto room = 250 - prefix_.size() - stem_.size();
    const std::string k = key(std::string(room, 'k'));
    expect(mc_.set(k, "long", 60), status::stored);
    return expect(mc_.get(k), status::hit, "long");
  });
}

void smoke_round::refusals() {
  const std::pair<const char*, std::string> bad[] = {
      {"a key with a blank", "a key"},
      {"a key with a newline", "key\n"},
      {"a key with a NUL", "k\0y"s},
  };
  auto get = [&](std::string_view k, errc wanted) {
    error_code ec;
    mc_.get(k, ec);
    return expect_refusal(ec, wanted);
  };
  if (prefix_.empty()) check("an empty key", [&] { return get("", errc::key_empty); });
  check("a key of 251 bytes", [&] { return get(std::string(251 - prefix_.size(), 'k'), errc::key_too_long); });
  for (const auto& [name, k] : bad) check(name, [&, &what = k] { return get(what, errc::key_bad_character); });
  check("a value over 1 MiB", [&] {
    const std::string k = key("too-large");
    expect(mc_.set(k, "before", 60), status::stored);
    error_code ec;
    mc_.set(k, std::string(1024 * 1024 + 1, 'v'), 60, 0, ec);
    expect_refusal(ec, errc::value_too_large);
    return "refused; " + expect(mc_.get(k), status::hit, "before");
  });
}

void smoke_round::bulk() {
  constexpr std::size_t many = 1000;
  std::vector<std::string> keys;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < many; ++i) {
    keys.push_back(stem_ + "bulk-" + std::to_string(i));
    texts.push_back("value " + std::to_string(i * i));
  }
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  std::vector<request> removals;
  for (std::size_t i = 0; i < many; ++i) {
    pairs.emplace_back(keys[i], texts[i]);
    removals.push_back({.op = verb::delete_, .key = keys[i]});
  }
  check("get_multi", [&] { return expect_all(mc_.get_multi(views), many, status::miss); });
  check("set_multi", [&] { return expect_all(mc_.set_multi(pairs, 60), many, status::stored); });
  check("get_multi", [&] {
    const auto found = mc_.get_multi(views);
    auto detail = expect_all(found, many, status::hit);
    for (std::size_t i = 0; i < many; ++i)
      if (found[i].value != texts[i]) throw failed("the value of " + keys[i] + " is not what was stored");
    return detail;
  });
  check("delete, many", [&] { return expect_all(mc_.execute_multi(removals), many, status::deleted); });
}

void smoke_round::expiry() {
  const std::string k = key("expiry");
  check("set, expired at once", [&] {
    expect(mc_.set(k, "gone", -1), status::stored);
    return expect(mc_.get(k), status::miss);
  });
  check("set, for a second", [&] {
    expect(mc_.set(k, "brief", 1), status::stored);
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(4);
    auto r = mc_.get(k);
    while (r && std::chrono::steady_clock::now() < patience) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      r = mc_.get(k);
    }
    return expect(r, status::miss);
  });
}

// The keys of bulk() are deleted there; should that have failed, they expire within a minute.
void smoke_round::clean_up() {
  std::vector<request> removals;
  for (const auto& k : used_) removals.push_back({.op = verb::delete_, .key = k});
  check("delete what is left", [&] {
    mc_.execute_multi(removals);
    std::vector<std::string_view> views(used_.begin(), used_.end());
    return expect_all(mc_.get_multi(views), used_.size(), status::miss);
  });
}

}  // namespace cli
