#include "cli/settings.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <stdexcept>

namespace cli {

namespace {

// Behind an argument that CLI11 would misread. Whatever ends in it already gets a second one, so that taking one off
// gives the argument back.
constexpr char shield = '\x01';

std::string without_shield(std::string text) {
  if (!text.empty() && text.back() == shield) text.pop_back();
  return text;
}

bool needs_shield(const std::string& text) {
  if (text.empty()) return false;
  return text == "++" || text.back() == shield || (text.front() == '[' && text.back() == ']');
}

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(std::ceil(seconds * 1000.0)));
}

// Seconds, from a millisecond to ten days: what is beyond is a slip of the finger, and poll() could not wait for it.
std::string check_seconds(const std::string& text) {
  double seconds = 0;
  if (CLI::detail::lexical_cast(text, seconds) && seconds >= 0.001 && seconds <= 864000.0) return {};
  return "expected seconds from 0.001 to 864000, not " + text;
}

template <class Number>
bool read_decimal(const std::string& text, Number& into) {
  const auto* end = text.data() + text.size();
  const auto [stopped, trouble] = std::from_chars(text.data(), end, into);
  return trouble == std::errc() && stopped == end;
}

template <class Number>
CLI::Option* add_decimal(CLI::App& app, const std::string& name, Number& target, const std::string& help) {
  const CLI::callback_t read = [&target](const CLI::results_t& given) { return read_decimal(given.back(), target); };
  auto check = [](const std::string& text) -> std::string {
    using limits = std::numeric_limits<Number>;
    Number ignored{};
    if (read_decimal(text, ignored)) return {};
    return "expected a whole number from " + std::to_string(limits::min()) + " to " + std::to_string(limits::max()) +
           ", not " + text;
  };
  return app.add_option(name, read, help)->check(check)->type_name("N");
}

std::vector<std::string> distribution_names() {
  std::vector<std::string> names;
  for (int i = 0; i < 256; ++i) {
    auto name = to_string(static_cast<cmemcache::distribution>(i));
    if (name.empty()) break;
    names.emplace_back(name);
  }
  return names;
}

std::vector<std::string> hash_names() {
  std::vector<std::string> names;
  for (int i = 0; i < 256; ++i) {
    auto name = to_string(static_cast<cmemcache::hash_kind>(i));
    if (name.empty()) break;
    names.emplace_back(name);
  }
  return names;
}

// A word out of `words`, shown as WORDS joined by bars.
void add_choice(CLI::App& app, const std::string& name, std::string& target, std::vector<std::string> words,
                const std::string& help) {
  auto shown = CLI::detail::join(words, "|");
  auto check = [words = std::move(words), shown](const std::string& given) -> std::string {
    for (const auto& word : words)
      if (word == given) return {};
    return "expected one of " + shown + ", not " + given;
  };
  app.add_option(name, target, help + "\n" + shown)->check(check)->type_name("WORD")->capture_default_str();
}

std::string first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) throw std::invalid_argument("no password can be read from " + path);
  return line;
}

void add_tls_options(CLI::App& app, settings& s) {
  cmemcache::tls_options& o = s.tls_options;
  const auto asks_for_tls = [&s](std::string text) {
    s.tls = true;
    return text;
  };
  const auto add = [&](const std::string& name, std::string& target, const std::string& help, const std::string& type) {
    add_text(app, name, target, help)->transform(asks_for_tls, "")->type_name(type);
  };
  app.add_flag("--tls", s.tls, "TLS to every server; so with the following");
  add("--tls-ca", o.ca_file, "who may vouch for servers, instead of the system's", "FILE");
  add("--tls-cert", o.cert_file, "the certificate to show to servers", "FILE");
  add("--tls-key", o.key_file, "its key, where it is not in --tls-cert", "FILE");
  add("--tls-server-name", o.server_name, "whom certificates must be for, instead of each server's host", "NAME");
  app.add_flag_callback("--tls-no-verify", [&s] { s.tls = true, s.tls_options.verify = false; }, "believe whoever answers");
}

}  // namespace

std::vector<cmemcache::server> settings::server_list() const {
  auto list = cmemcache::parse_servers(servers);
  if (list.empty()) throw std::invalid_argument("no server is given: see --servers");
  return list;
}

cmemcache::client_options settings::client_options() const {
  cmemcache::client_options o;
  o.timeout = milliseconds(timeout);
  o.connect_timeout = milliseconds(connect_timeout);
  o.distribution = cmemcache::parse_distribution(distribution).value();
  o.hash = cmemcache::parse_hash_kind(hash).value();
  o.protocol = protocol == "text"   ? cmemcache::wire_protocol::text
               : protocol == "meta" ? cmemcache::wire_protocol::meta
               : protocol == "binary" ? cmemcache::wire_protocol::binary
                                    : cmemcache::wire_protocol::automatic;
  o.username = username;
  if (!password_file.empty()) o.password = first_line_of(password_file);
  else if (!username.empty()) o.password = password;  // the environment's, which may be for another client
  o.key_prefix = prefix;
  if (tls) o.tls = tls_options;
  return o;
}

cmemcache::blocking_client settings::client() const {
  return cmemcache::blocking_client(server_list(), client_options());
}

cmemcache::blocking_client settings::client(const cmemcache::server& only) const {
  return cmemcache::blocking_client({only}, client_options());
}

CLI::Option* add_text(CLI::App& app, const std::string& name, std::string& target, const std::string& help) {
  return app.add_option(name, target, help)->transform(without_shield, "")->type_name("");
}

CLI::Option* add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& target,
                       const std::string& help) {
  return app.add_option(name, target, help)->transform(without_shield, "")->type_name("");
}

CLI::Option* add_number(CLI::App& app, const std::string& name, std::uint32_t& target, const std::string& help) {
  return add_decimal(app, name, target, help);
}

CLI::Option* add_number(CLI::App& app, const std::string& name, std::uint64_t& target, const std::string& help) {
  return add_decimal(app, name, target, help);
}

CLI::Option* add_number(CLI::App& app, const std::string& name, std::int64_t& target, const std::string& help) {
  return add_decimal(app, name, target, help);
}

std::vector<std::string> shield_arguments(int argc, char** argv) {
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) {
    arguments.emplace_back(argv[i]);
    if (needs_shield(arguments.back())) arguments.back() += shield;
  }
  return arguments;
}

void add_global_options(CLI::App& app, settings& s) {
  add_text(app, "-s,--servers", s.servers, "where to go: host, host:port, [address]:port or /path, commas between")
      ->type_name("LIST")
      ->envname("CMEMCACHE_SERVERS")
      ->capture_default_str();
  app.add_option("-t,--timeout", s.timeout, "for a whole call, over all of its servers")
      ->check(check_seconds)
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_option("--connect-timeout", s.connect_timeout, "for one connection, inside --timeout")
      ->check(check_seconds)
      ->type_name("SECONDS")
      ->capture_default_str();
  add_choice(app, "--distribution", s.distribution, distribution_names(), "how keys are given to servers:");
  add_choice(app, "--hash", s.hash, hash_names(), "how a key becomes a number:");
  add_choice(app, "--protocol", s.protocol, {"auto", "text", "meta", "binary"}, "what is spoken on the wire:");
  add_text(app, "-u,--username", s.username, "said on each connection first, with the password")
      ->type_name("NAME")
      ->envname("CMEMCACHE_USERNAME");
  // No --password: arguments are for all on the machine to see.
  add_text(app, "--password-file", s.password_file, "whose first line is the password; without it, CMEMCACHE_PASSWORD is")
      ->type_name("FILE");
  if (const char* const given = std::getenv("CMEMCACHE_PASSWORD")) s.password = given;
  add_text(app, "--prefix", s.prefix, "put before every key on the wire")->type_name("TEXT");
  add_tls_options(app, s);
  app.add_flag("-j,--json", s.json, "one JSON document on standard output");
}

}  // namespace cli
