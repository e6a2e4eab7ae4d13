#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cli {

namespace {

using cmemcache::blocking_client;
using cmemcache::server;

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// Asks every server with a client of its own, so that each has the whole time-out and one in trouble hinders none.
// `ask` returns the JSON object about its server. Prints the array, and names whoever is in trouble.
int each_server(const settings& s, const std::function<json::object(blocking_client&, const server&)>& ask) {
  json::array all;
  exit_code code = done;
  for (const auto& one : s.server_list()) {
    json::object about;
    try {
      auto client = s.client(one);
      about = ask(client, one);
    } catch (const cmemcache::error& e) {
      complain(e.what());
      about["error"] = e.what();
      code = trouble;
    }
    json::object named;
    put_bytes(named, "server", one.text);
    for (auto& field : about) named[field.key()] = field.value();
    all.push_back(std::move(named));
  }
  if (s.json) print_json(all);
  return code;
}

int version(const settings& s) {
  return each_server(s, [&](blocking_client& mc, const server& one) {
    json::object about;
    for (const auto& answer : mc.version())
      for (const auto& [name, value] : answer.values) {
        put_bytes(about, "version", value);
        if (!s.json) print(one.text + "  " + printable(value) + "\n");
      }
    return about;
  });
}

int stats(const settings& s, const std::vector<std::string>& words) {
  std::string sort;
  for (const auto& word : words) sort += (sort.empty() ? "" : " ") + word;
  return each_server(s, [&](blocking_client& mc, const server& one) {
    json::object values;
    for (const auto& answer : mc.stats(sort)) {
      std::size_t width = 0;
      for (const auto& [name, value] : answer.values) width = std::max(width, name.size());
      if (!s.json) print(one.text + "\n");
      for (const auto& [name, value] : answer.values) {
        if (!s.json) print("  " + padded(printable(name), width) + "  " + printable(value) + "\n");
        put_bytes(values, name, value);
      }
    }
    return json::object{{"stats", std::move(values)}};
  });
}

int flush_all(const settings& s, std::uint64_t delay) {
  return each_server(s, [&](blocking_client& mc, const server& one) {
    mc.flush_all(delay);
    if (!s.json) print(one.text + "  ok\n");
    return json::object{{"status", "ok"}};
  });
}

// The first call connects; the best of three more is the round trip.
int ping(const settings& s) {
  using clock = std::chrono::steady_clock;
  using ms = std::chrono::duration<double, std::milli>;
  std::size_t width = 0;
  for (const auto& one : s.server_list()) width = std::max(width, one.text.size());
  return each_server(s, [&](blocking_client& mc, const server& one) {
    const auto start = clock::now();
    const auto answers = mc.version();
    const double connect = ms(clock::now() - start).count();
    double best = connect;
    for (int i = 0; i < 3; ++i) {
      const auto sent = clock::now();
      mc.version();
      best = std::min(best, ms(clock::now() - sent).count());
    }
    std::string text;
    for (const auto& answer : answers)
      for (const auto& [name, value] : answer.values) text = value;
    if (!s.json)
      print(padded(one.text, width) + "  " + milliseconds(best) + "  (connecting " + milliseconds(connect) +
            ")  version " + printable(text) + "\n");
    json::object about{{"ms", best}, {"connect_ms", connect}};
    put_bytes(about, "version", text);
    return about;
  });
}

int where(const settings& s, const std::vector<std::string>& keys) {
  s.server_list();  // complains when there is none
  const auto client = s.client();
  json::array all;
  for (const auto& key : keys) {
    const auto place = client.server_for(key).value_or("");
    if (s.json) {
      json::object o;
      put_bytes(o, "key", key);
      put_bytes(o, "server", place);
      all.push_back(std::move(o));
    } else {
      print(printable(key) + "\t" + place + "\n");
    }
  }
  if (s.json) print_json(all);
  return done;
}

}  // namespace

void add_server_commands(CLI::App& app, action& chosen) {
  app.add_subcommand("ping", "how far away each server is, and which do not answer")
      ->footer("A server in trouble is named on standard error, and the exit code is 2.")
      ->callback([&chosen] { chosen = ping; });

  app.add_subcommand("version", "each server's version (this program's: --version)")->callback([&chosen] {
    chosen = version;
  });

  auto sort = std::make_shared<std::vector<std::string>>();
  auto* stats_command = app.add_subcommand("stats", "each server's statistics");
  add_texts(*stats_command, "SORT", *sort, "items, slabs, settings, conns, detail on, ...; the general ones without");
  stats_command->callback([sort, &chosen] { chosen = [sort](const settings& s) { return stats(s, *sort); }; });

  auto delay = std::make_shared<std::uint64_t>(0);
  auto* flush = app.add_subcommand("flush-all", "let everything on every server expire");
  add_number(*flush, "-d,--delay", *delay, "not now, but in that many seconds")->type_name("SECONDS");
  flush->callback([delay, &chosen] { chosen = [delay](const settings& s) { return flush_all(s, *delay); }; });

  auto keys = std::make_shared<std::vector<std::string>>();
  auto* where_command = app.add_subcommand("where", "which server a key goes to; contacts none");
  add_texts(*where_command, "KEY", *keys, "the keys")->required();
  where_command->footer("A line for each key: KEY, a tab, the server as it stands in --servers.");
  where_command->callback([keys, &chosen] { chosen = [keys](const settings& s) { return where(s, *keys); }; });
}

}  // namespace cli
