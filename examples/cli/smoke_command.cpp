#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/smoke_round.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace cli {

namespace {

void show(const check_result& r, bool colour) {
  constexpr std::size_t wide = 56;
  std::string text = r.name + ": " + r.detail;
  if (text.size() < wide) text.append(wide - text.size(), ' ');
  const std::string mark = r.ok ? "ok    " : "FAILED";
  print((colour ? (r.ok ? "\033[32m" : "\033[31;1m") + mark + "\033[0m" : mark) + "  " + text + " (" +
        milliseconds(r.ms) + ")\n");
  flush_output();  // one line at a time: somebody may be watching
}

int smoke(const settings& s) {
  const bool colour = wants_colour();
  std::size_t checks = 0;
  std::size_t failures = 0;
  json::array all;

  auto one_round = [&](const std::string& target, cmemcache::blocking_client client) {
    if (!s.json) print((checks == 0 ? "" : "\n") + target + "\n");
    smoke_round(target, client, s.prefix, [&](const check_result& r) {
      ++checks;
      failures += r.ok ? 0 : 1;
      if (s.json) {
        json::object o;
        put_bytes(o, "target", r.target);
        put_bytes(o, "check", r.name);
        o["ok"] = r.ok;
        put_bytes(o, "detail", r.detail);
        o["ms"] = r.ms;
        all.push_back(std::move(o));
      } else {
        show(r, colour);
      }
    }).run();
  };

  const auto servers = s.server_list();
  for (const auto& one : servers) one_round(one.text, s.client(one));
  if (servers.size() > 1) one_round("all " + std::to_string(servers.size()) + " as a pool", s.client());

  if (s.json)
    print_json(all);
  else
    print("\nsmoke: " + std::to_string(checks) + (checks == 1 ? " check, " : " checks, ") +
          std::to_string(checks - failures) + " ok, " + std::to_string(failures) + " failed\n");
  return failures == 0 ? done : trouble;
}

}  // namespace

void add_smoke_command(CLI::App& app, action& chosen) {
  app.add_subcommand("smoke", "try everything on each server, and on all of them as a pool")
      ->footer("Works under random keys, which it deletes again. Never flushes. Takes two seconds or so a server,\n"
               "most of it spent waiting for a value to expire. Exits 0 when all is well, 2 otherwise.")
      ->callback([&chosen] { chosen = smoke; });
}

}  // namespace cli
