/// cmemcache: memcached from the command line, for people and for scripts.
///
/// Each file in cli/ holds a family of sub-commands. A sub-command only says what it wants to do while the command
/// line is parsed; it is done here, where every kind of trouble becomes one line on standard error and exit code 2.

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/settings.hpp"

#include <cmemcache/error.hpp>
#include <cmemcache/version.hpp>

#include <CLI/CLI.hpp>

#include <csignal>
#include <exception>
#include <string>

namespace {

constexpr char examples[] = R"(Examples:
  cmemcache set greeting hello --exptime 60
  cmemcache get greeting
  cmemcache set picture --file cat.png && cmemcache get picture > copy.png
  date | cmemcache set now
  cmemcache get counter --cas                  # the cas unique, on standard error
  cmemcache cas counter 42 --unique 7
  cmemcache --servers 10.0.0.1,10.0.0.2 where user:1 user:2
  cmemcache --json get-multi a b c | jq -r '.[].key'
  cmemcache ping                               # who answers, and how fast
  cmemcache smoke                              # tries everything, leaves nothing behind
  cmemcache bench --clients 4 --depth 64       # calls a second, and how long they take

Exit codes:
  0  hit, stored, deleted, touched, counted: done
  1  a miss, or not stored
  2  a server in trouble, or a command line that cannot be understood

`cmemcache get --help` tells more about get, and so on for every command.)";

int trouble_with(const cli::settings& s, const std::string& what, const std::string& server) {
  cli::complain(what);
  if (s.json) {
    cli::json::object o{{"error", cli::printable(what)}};
    if (!server.empty()) cli::put_bytes(o, "server", server);
    cli::print_json(o);
    cli::flush_output();
  }
  return cli::trouble;
}

int carry_out(const cli::settings& s, const cli::action& chosen) {
  try {
    const int code = chosen(s);
    cli::flush_output();
    return code;
  } catch (const cli::output_failed& e) {
    // A reader that has had enough is no reason to complain.
    if (e.code() != std::errc::broken_pipe) cli::complain(e.what());
    return cli::trouble;
  } catch (const cmemcache::error& e) {
    return trouble_with(s, e.what(), e.server());
  } catch (const std::exception& e) {
    return trouble_with(s, e.what(), {});
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe or connection is an error to report, not an end

  CLI::App app("memcached from the command line", "cmemcache");
  cli::settings settings;
  cli::action chosen;
  app.require_subcommand(1);
  app.fallthrough();  // so that --json may stand behind the sub-command too
  app.set_version_flag("--version", std::string("cmemcache ") + cmemcache::library_version);
  app.get_formatter()->column_width(34);
  app.failure_message([](const CLI::App*, const CLI::Error& e) {
    return "cmemcache: " + cli::printable(e.what()) + " (cmemcache --help tells more)\n";
  });
  cli::add_global_options(app, settings);
  cli::add_read_commands(app, chosen);
  cli::add_store_commands(app, chosen);
  cli::add_change_commands(app, chosen);
  cli::add_server_commands(app, chosen);
  cli::add_smoke_command(app, chosen);
  cli::add_bench_command(app, chosen);
  app.footer(examples);
  for (auto* command : app.get_subcommands({})) {
    const auto own = command->get_footer();
    command->footer(own + (own.empty() ? "" : "\n") +
                    "--servers, --json and the like may stand here too: cmemcache --help");
  }

  try {
    app.parse(cli::shield_arguments(argc, argv));
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? cli::done : cli::trouble;
  }
  return carry_out(settings, chosen);
}
