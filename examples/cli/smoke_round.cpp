#include "cli/smoke_round.hpp"

#include "cli/output.hpp"

#include <chrono>
#include <cstdio>
#include <random>
#include <utility>

namespace cli {

namespace {

std::string random_stem() {
  std::random_device entropy;
  char text[40];
  std::snprintf(text, sizeof text, "cmemcache-smoke-%08x%08x-", entropy(), entropy());
  return text;
}

std::string count(std::size_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

}  // namespace

smoke_round::smoke_round(std::string target, cmemcache::blocking_client& client, std::string prefix, observer seen)
    : target_(std::move(target)),
      mc_(client),
      prefix_(std::move(prefix)),
      seen_(std::move(seen)),
      stem_(random_stem()) {}

void smoke_round::run() {
  if (!answers()) return;
  values();
  conditions();
  numbers();
  shapes();
  refusals();
  bulk();
  expiry();
  clean_up();
}

bool smoke_round::check(std::string_view name, const std::function<std::string()>& what) {
  check_result found{target_, std::string(name), {}, false, 0};
  const auto start = std::chrono::steady_clock::now();
  try {
    found.detail = what();
    found.ok = true;
  } catch (const std::exception& e) {
    found.detail = printable(e.what());
  }
  found.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  seen_(found);
  return found.ok;
}

std::string smoke_round::expect(const cmemcache::reply& r, cmemcache::status wanted,
                                std::optional<std::string_view> value) {
  if (r.status != wanted)
    throw failed("expected " + std::string(to_string(wanted)) + ", got " + std::string(to_string(r.status)));
  if (value && r.value != *value) {
    if (r.value.size() != value->size())
      throw failed("expected " + count(value->size(), "byte") + ", got " + std::to_string(r.value.size()));
    throw failed("the value came back with other bytes");
  }
  std::string detail(to_string(r.status));
  if (r.status == cmemcache::status::hit) detail += ", " + count(r.value.size(), "byte");
  if (r.cas != 0) detail += ", cas " + std::to_string(r.cas);
  return detail;
}

std::string smoke_round::expect_number(const cmemcache::reply& r, std::uint64_t wanted) {
  expect(r, cmemcache::status::number);
  if (r.number != wanted)
    throw failed("expected " + std::to_string(wanted) + ", got " + std::to_string(r.number));
  return std::to_string(r.number);
}

std::string smoke_round::expect_refusal(const cmemcache::error_code& ec, cmemcache::errc wanted) {
  if (ec == wanted) return "refused";
  throw failed("expected \"" + make_error_code(wanted).message() + "\", got " +
               (ec ? "\"" + ec.message() + "\"" : "no error"));
}

std::string smoke_round::expect_all(const cmemcache::multi_reply& answers, std::size_t many,
                                    cmemcache::status wanted) {
  if (answers.size() != many)
    throw failed("expected " + count(many, "answer") + ", got " + std::to_string(answers.size()));
  for (const auto& one : answers)
    if (one.status != wanted)
      throw failed("expected " + std::string(to_string(wanted)) + " " + std::to_string(many) + " times, got " +
                   std::string(to_string(one.status)));
  return std::string(to_string(wanted)) + ", " + count(many, "key");
}

std::string smoke_round::key(std::string_view name) {
  for (const auto& known : used_)
    if (std::string_view(known).substr(stem_.size()) == name) return known;
  return used_.emplace_back(stem_ + std::string(name));
}

}  // namespace cli
