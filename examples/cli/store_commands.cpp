#include "cli/commands.hpp"
#include "cli/report.hpp"
#include "cli/value_source.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace cli {

namespace {

using cmemcache::request;
using cmemcache::verb;

struct store_arguments {
  verb op = verb::set;
  std::string key;
  value_source value;
  std::uint32_t flags = 0;
  std::int64_t exptime = 0;
  std::uint64_t unique = 0;
};

int store(const settings& s, const store_arguments& a) {
  const auto servers = s.server_list();  // so that a bad one is told before standard input is waited for
  const std::string value = a.value.read();
  request what;
  what.op = a.op;
  what.key = a.key;
  what.value = value;
  what.flags = a.flags;
  what.exptime = a.exptime;
  what.number = a.unique;
  return report_status(s, a.key, s.client().execute(what));
}

void add_store(CLI::App& app, action& chosen, verb op, const std::string& help) {
  auto* command = app.add_subcommand(std::string(to_string(op)), help);
  auto a = std::make_shared<store_arguments>();
  a->op = op;
  add_text(*command, "KEY", a->key, "1 to 250 bytes, no blanks, no control characters")->required();
  a->value.add_to(*command);
  if (op == verb::cas)
    add_number(*command, "-u,--unique", a->unique, "the cas unique that get --cas showed")->required();
  if (op != verb::append && op != verb::prepend) {
    add_number(*command, "-F,--flags", a->flags, "32 bits kept with the value");
    add_number(*command, "-e,--exptime", a->exptime, "seconds; 0: never; negative: at once; over 30 days: Unix time");
  }
  command->footer("Prints what became of it: stored (exit 0), not_stored, exists or not_found (exit 1).\n"
                  "A KEY or VALUE that begins with a dash goes behind --: cmemcache set -- key -value");
  command->callback([a, &chosen] { chosen = [a](const settings& s) { return store(s, *a); }; });
}

}  // namespace

void add_store_commands(CLI::App& app, action& chosen) {
  add_store(app, chosen, verb::set, "store, whatever is there");
  add_store(app, chosen, verb::add, "store where nothing is");
  add_store(app, chosen, verb::replace, "store where something is");
  add_store(app, chosen, verb::append, "put behind what is there");
  add_store(app, chosen, verb::prepend, "put before what is there");
  add_store(app, chosen, verb::cas, "store unless somebody did since get --cas");
}

}  // namespace cli
