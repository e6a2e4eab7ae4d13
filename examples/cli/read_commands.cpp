#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/value_source.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace cli {

namespace {

using cmemcache::reply;
using cmemcache::request;
using cmemcache::status;
using cmemcache::verb;

struct read_arguments {
  std::string key;
  std::int64_t exptime = 0;
  bool touches = false;
  bool cas = false;
  bool flags = false;
};

int read_one(const settings& s, const read_arguments& a) {
  request what;
  what.op = a.touches ? (a.cas ? verb::gats : verb::gat) : (a.cas ? verb::gets : verb::get);
  what.key = a.key;
  what.exptime = a.exptime;
  const reply r = s.client().execute(what);

  if (s.json) {
    json::object o;
    put_bytes(o, "key", a.key);
    o["status"] = std::string(to_string(r.status));
    if (r) {
      o["flags"] = r.flags;
      if (a.cas) o["cas"] = r.cas;
      put_bytes(o, "value", r.value);
    }
    print_json(o);
  } else if (r) {
    if (a.flags) remark("flags " + std::to_string(r.flags));
    if (a.cas) remark("cas " + std::to_string(r.cas));
    print(r.value);
    if (is_terminal()) print("\n");
  } else {
    remark(to_string(r.status));
  }
  return code_of(r.status);
}

void add_read(CLI::App& app, action& chosen, bool touches) {
  auto* command = touches ? app.add_subcommand("gat", "print the value, and give it a new expiry")
                          : app.add_subcommand("get", "print the value");
  auto a = std::make_shared<read_arguments>();
  a->touches = touches;
  add_text(*command, "KEY", a->key, "what to look for")->required();
  if (touches)
    add_number(*command, "EXPTIME", a->exptime, "seconds from now; 0: never; negative: at once")
        ->required()
        ->type_name("");
  command->add_flag("--cas", a->cas, "show the cas unique too: on standard error, or in the JSON");
  command->add_flag("--flags", a->flags, "show the flags too: on standard error (the JSON has them anyway)");
  command->footer("The value's bytes are written as they are; a newline is added on a terminal only.\n"
                  "A miss says so on standard error and exits 1.");
  command->callback([a, &chosen] { chosen = [a](const settings& s) { return read_one(s, *a); }; });
}

// Keys, of which a single "-" stands for the lines of standard input.
std::vector<std::string> spelled_out(const std::vector<std::string>& keys) {
  if (keys.size() != 1 || keys.front() != "-") return keys;
  std::vector<std::string> lines;
  std::istringstream in(read_standard_input());
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

void print_hit(json::array& all, bool as_json, std::string_view key, const cmemcache::item& hit) {
  if (as_json) {
    json::object o;
    put_bytes(o, "key", key);
    o["status"] = std::string(to_string(hit.status));
    if (hit) {
      o["flags"] = hit.flags;
      put_bytes(o, "value", hit.value);
    }
    all.push_back(std::move(o));
  } else if (hit) {
    print(std::string(key) + ' ' + std::to_string(hit.flags) + ' ' + std::to_string(hit.value.size()) + '\n');
    print(hit.value);
    print("\n");
  }
}

int read_many(const settings& s, const std::vector<std::string>& given) {
  const auto keys = spelled_out(given);
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  auto client = s.client();
  cmemcache::error_code ec;
  const auto answers = client.get_multi(views, ec);
  // Misuse: nothing was asked, and the throwing form words it better than the code alone.
  if (ec && answers.failures().empty()) throw cmemcache::error(ec, {}, "get_multi");

  json::array all;
  bool everything = true;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    print_hit(all, s.json, keys[i], answers[i]);
    everything = everything && answers[i];
  }
  if (s.json) print_json(all);
  for (const auto& f : answers.failures()) complain(f.text);
  return ec ? trouble : everything ? done : not_done;
}

}  // namespace

void add_read_commands(CLI::App& app, action& chosen) {
  add_read(app, chosen, false);
  add_read(app, chosen, true);

  auto* command = app.add_subcommand("get-multi", "print the values of many keys, asked for all at once");
  auto keys = std::make_shared<std::vector<std::string>>();
  add_texts(*command, "KEY", *keys, "what to look for; a single - reads keys from standard input, one a line")
      ->required();
  command->footer(
      "For every hit, in the order of the keys:\n"
      "    KEY FLAGS LENGTH, a newline, exactly LENGTH bytes, a newline\n"
      "A key has neither blanks nor control characters, so this can be read back whatever the values hold.\n"
      "Misses are left out (--json lists them too). Exits 0 when all are hits, 1 when one is missing.");
  command->callback([keys, &chosen] { chosen = [keys](const settings& s) { return read_many(s, *keys); }; });
}

}  // namespace cli
