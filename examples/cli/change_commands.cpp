#include "cli/commands.hpp"
#include "cli/report.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace cli {

namespace {

using cmemcache::request;
using cmemcache::verb;

struct change_arguments {
  std::string key;
  std::uint64_t delta = 1;
  std::int64_t exptime = 0;
};

CLI::App* add_change(CLI::App& app, action& chosen, verb op, const std::string& help,
                     const std::shared_ptr<change_arguments>& a) {
  auto* command = app.add_subcommand(std::string(to_string(op)), help);
  add_text(*command, "KEY", a->key, "the key")->required();
  command->callback([op, a, &chosen] {
    chosen = [op, a](const settings& s) {
      request what;
      what.op = op;
      what.key = a->key;
      what.number = a->delta;
      what.exptime = a->exptime;
      const auto r = s.client().execute(what);
      const bool counts = op == verb::incr || op == verb::decr;
      return counts ? report_number(s, a->key, r) : report_status(s, a->key, r);
    };
  });
  return command;
}

}  // namespace

void add_change_commands(CLI::App& app, action& chosen) {
  auto incr = std::make_shared<change_arguments>();
  add_number(*add_change(app, chosen, verb::incr, "add to a number and print it; wraps at 2**64", incr), "DELTA",
             incr->delta, "how much: 1 where it is not given")
      ->type_name("");

  auto decr = std::make_shared<change_arguments>();
  add_number(*add_change(app, chosen, verb::decr, "subtract from a number and print it; stops at 0", decr), "DELTA",
             decr->delta, "how much: 1 where it is not given")
      ->type_name("");

  auto touch = std::make_shared<change_arguments>();
  add_number(*add_change(app, chosen, verb::touch, "give a new expiry", touch), "EXPTIME", touch->exptime,
             "seconds from now; 0: never; negative: at once")
      ->required()
      ->type_name("");

  add_change(app, chosen, verb::delete_, "remove", std::make_shared<change_arguments>());
}

}  // namespace cli
