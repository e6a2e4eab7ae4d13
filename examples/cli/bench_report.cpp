#include "cli/bench_report.hpp"

#include "cli/json.hpp"
#include "cli/output.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace cli {

namespace {

constexpr std::size_t shown_messages = 5;
constexpr std::pair<const char*, double> percentiles[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99_9", 99.9}};

double per_second(std::uint64_t many, double seconds) {
  return seconds > 0 ? static_cast<double>(many) / seconds : 0.0;
}

double microseconds(histogram::duration d) { return static_cast<double>(d.count()) / 1000.0; }

// What was answered; a failed call is no throughput.
std::uint64_t answered(const bench_tally& t) { return t.gets.count() + t.sets.count(); }

// The most frequent first.
std::vector<std::pair<std::string, std::uint64_t>> ordered(const bench_tally& t) {
  std::vector<std::pair<std::string, std::uint64_t>> all(t.messages.begin(), t.messages.end());
  std::ranges::stable_sort(all, [](const auto& a, const auto& b) { return a.second > b.second; });
  return all;
}

[[gnu::format(printf, 1, 2)]] void print_formatted(const char* format, ...) {
  char text[256];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  print(text);
}

std::string number(std::uint64_t n) { return std::to_string(n); }

std::string plural(std::uint64_t n, const char* what) { return number(n) + " " + what + (n == 1 ? "" : "s"); }

void print_latency(const char* of, const histogram& h) {
  if (h.count() == 0) return;
  print_formatted("%-10s %9.1f", of, microseconds(h.min()));
  for (const auto& [name, percent] : percentiles) print_formatted(" %9.1f", microseconds(h.percentile(percent)));
  print_formatted(" %9.1f\n", microseconds(h.max()));
}

void print_result(const settings& s, const bench_plan& plan, const bench_result& r) {
  const auto& t = r.total;
  const std::string get = plan.multi == 0 ? "get" : "get_multi";
  print(plural(plan.clients, "client") + " with " + plural(plan.depth, "call") + " in flight, " +
        plural(plan.threads, "thread") + ", " + plural(s.server_list().size(), "server") + "\n" + number(plan.gets) +
        ":" + number(plan.sets) + " " + get + (plan.multi == 0 ? "" : " of " + plural(plan.multi, "key")) +
        " to set, values of " + plural(plan.value_size, "byte") + ", " + plural(plan.keys, "key") + "\n\n");
  print_formatted("%-10s %s in %.2f s%s, %.0f/s answered\n", "calls", number(t.calls).c_str(), r.seconds,
                  r.interrupted ? " (interrupted)" : "", per_second(answered(t), r.seconds));
  print_formatted("%-10s ", "keys");
  print(plural(t.hits, "hit") + ", " + number(t.misses) + (t.misses == 1 ? " miss, " : " misses, ") + number(t.stored) +
        " stored, " + plural(t.errors, "error") + "\n");
  print_formatted("%-10s %.2f MB/s in, %.2f MB/s out\n", "bytes", per_second(r.bytes_in, r.seconds) / 1e6,
                  per_second(r.bytes_out, r.seconds) / 1e6);
  if (answered(t) == 0) return;
  print_formatted("\n%-10s %9s %9s %9s %9s %9s %9s\n", "us", "min", "50 %", "90 %", "99 %", "99.9 %", "max");
  print_latency(get.c_str(), t.gets);
  print_latency("set", t.sets);
}

json::value latency_of(const histogram& h) {
  if (h.count() == 0) return nullptr;
  json::object o{{"count", h.count()}, {"min", microseconds(h.min())}};
  for (const auto& [name, percent] : percentiles) o[name] = microseconds(h.percentile(percent));
  o["max"] = microseconds(h.max());
  return o;
}

json::object settings_of(const settings& s, const bench_plan& plan) {
  json::object o;
  put_bytes(o, "servers", s.servers);
  o["protocol"] = s.protocol;
  o["clients"] = plan.clients;
  o["depth"] = plan.depth;
  o["threads"] = plan.threads;
  o["gets"] = plan.gets;
  o["sets"] = plan.sets;
  o["multi"] = plan.multi;
  o["value_size"] = plan.value_size;
  o["keys"] = plan.keys;
  if (plan.calls) o["calls"] = *plan.calls;
  else o["seconds"] = plan.seconds;
  return o;
}

void print_document(const settings& s, const bench_plan& plan, const bench_result& r) {
  const auto& t = r.total;
  json::object errors;
  for (const auto& [text, times] : t.messages) errors[printable(text)] = times;
  print_json(json::object{{"settings", settings_of(s, plan)},
                          {"interrupted", r.interrupted},
                          {"seconds", r.seconds},
                          {"calls", t.calls},
                          {"calls_per_second", per_second(answered(t), r.seconds)},
                          {"keys", t.keys()},
                          {"hits", t.hits},
                          {"misses", t.misses},
                          {"stored", t.stored},
                          {"errors", t.errors},
                          {"error_messages", std::move(errors)},
                          {"wrong_values", t.wrong},
                          {"bytes_in", r.bytes_in},
                          {"bytes_out", r.bytes_out},
                          {"latency_us", {{"get", latency_of(t.gets)}, {"set", latency_of(t.sets)}}},
                          {"keys_left_behind", r.left_behind}});
}

}  // namespace

int report_bench(const settings& s, const bench_plan& plan, const bench_result& r) {
  if (s.json) print_document(s, plan, r);
  else print_result(s, plan, r);

  const auto& t = r.total;
  if (t.wrong > 0) complain(plural(t.wrong, "wrong value") + ", the first: " + t.first_wrong);
  const auto messages = ordered(t);
  for (std::size_t i = 0; i < std::min(messages.size(), shown_messages); ++i)
    complain(plural(messages[i].second, "error") + ": " + messages[i].first);
  if (messages.size() > shown_messages) complain("and " + number(messages.size() - shown_messages) + " kinds more");
  if (r.left_behind > 0) complain(plural(r.left_behind, "key") + " could not be deleted; they expire within an hour");
  return t.wrong == 0 && t.errors == 0 && r.left_behind == 0 ? done : trouble;
}

}  // namespace cli
