#include "cli/bench_report.hpp"
#include "cli/bench_run.hpp"
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cli {

namespace {

constexpr std::uint64_t most_in_flight = 1'000'000;
constexpr std::uint64_t most_in_memory = std::uint64_t{1} << 30;
constexpr std::uint64_t most_calls = std::uint64_t{1} << 53;  // what any reader of JSON can count to
constexpr std::uint64_t most_of_a_sort = 1'000'000;  // in a ratio

bool read_whole(std::string_view text, std::uint64_t& into) {
  const auto* end = text.data() + text.size();
  const auto [stopped, trouble] = std::from_chars(text.data(), end, into);
  return trouble == std::errc() && stopped == end;
}

// "9:1". Both may not be 0.
bool read_ratio(std::string_view text, bench_plan& plan) {
  const auto colon = text.find(':');
  return colon != text.npos && read_whole(text.substr(0, colon), plan.gets) && plan.gets <= most_of_a_sort &&
         read_whole(text.substr(colon + 1), plan.sets) && plan.sets <= most_of_a_sort && plan.gets + plan.sets > 0;
}

std::string check_ratio(const std::string& text) {
  bench_plan ignored;
  return read_ratio(text, ignored) ? "" : "expected GETS:SETS such as 9:1, not " + text;
}

std::string check_duration(const std::string& text) {
  double seconds = 0;
  if (CLI::detail::lexical_cast(text, seconds) && seconds >= 0.01 && seconds <= 3600.0) return {};
  return "expected seconds from 0.01 to 3600, not " + text;
}

CLI::Option* add_count(CLI::App& app, const std::string& name, std::uint64_t& target, std::uint64_t lowest,
                       std::uint64_t highest, const std::string& help) {
  auto check = [lowest, highest](const std::string& text) -> std::string {
    std::uint64_t n = 0;
    if (read_whole(text, n) && n >= lowest && n <= highest) return {};
    return "expected a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest) + ", not " +
           text;
  };
  return add_number(app, name, target, help)->check(check)->default_str(std::to_string(target));
}

int bench(const settings& s, const bench_plan& plan) {
  const std::uint64_t in_flight = plan.clients * plan.depth;
  if (in_flight > most_in_flight)
    throw std::invalid_argument("--clients times --depth is over " + std::to_string(most_in_flight));
  if (plan.sets > 0 && in_flight * plan.value_size > most_in_memory)
    throw std::invalid_argument("--clients times --depth times --value-size is over 1 GiB");
  if (plan.multi > plan.keys) throw std::invalid_argument("--multi is over --keys");
  return report_bench(s, plan, run_bench(s, plan));
}

}  // namespace

void add_bench_command(CLI::App& app, action& chosen) {
  struct arguments {
    bench_plan plan;
    std::string ratio = "9:1";
    std::uint64_t calls = 0;
  };
  auto a = std::make_shared<arguments>();
  auto& plan = a->plan;
  auto* command = app.add_subcommand("bench", "how many calls a second, and how long each takes");
  add_count(*command, "-c,--clients", plan.clients, 1, 1000, "asynchronous clients, each with its own connections");
  add_count(*command, "-d,--depth", plan.depth, 1, most_in_flight, "calls that each client keeps in flight");
  add_text(*command, "-r,--ratio", a->ratio, "gets to sets: 1:0 are gets alone")
      ->check(check_ratio)
      ->type_name("GETS:SETS")
      ->capture_default_str();
  add_count(*command, "--value-size", plan.value_size, 0, 1024 * 1024, "bytes of each value")->type_name("BYTES");
  add_count(*command, "-k,--keys", plan.keys, 1, 10'000'000, "keys that are stored before, and used at random");
  add_count(*command, "-m,--multi", plan.multi, 0, 10'000, "not get but get_multi, of that many keys; 0: get");
  add_count(*command, "--threads", plan.threads, 1, 256, "threads that run the clients");
  auto* seconds = command->add_option("--seconds", plan.seconds, "how long to measure")
                      ->check(check_duration)
                      ->type_name("SECONDS")
                      ->capture_default_str();
  auto* calls = add_count(*command, "-n,--calls", a->calls, 1, most_calls, "how many calls to measure instead")
                    ->default_str("")
                    ->excludes(seconds);
  command->footer(
      "Works under random keys, which it stores before and deletes afterwards; should it not come to that, they\n"
      "expire within an hour. Every value says whose it is, and every hit is checked. Each call that is answered\n"
      "starts the next one. Ctrl-C ends it early, with what was measured so far; a second one ends it at once.\n"
      "Microseconds are from the start of a call to its completion, with what it waits for in the client.\n"
      "Exits 0 when all calls were answered, hit or miss, and 2 when one failed or brought a wrong value.");
  command->callback([a, calls, &chosen] {
    read_ratio(a->ratio, a->plan);
    if (calls->count() > 0) a->plan.calls = a->calls;
    chosen = [a](const settings& s) { return bench(s, a->plan); };
  });
}

}  // namespace cli
