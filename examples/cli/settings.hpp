#pragma once

#include <cmemcache/blocking_client.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace cli {

/// What a script learns from the exit status.
enum exit_code : int {
  done = 0,      ///< hit, stored, deleted, touched, counted
  not_done = 1,  ///< a miss, or not stored: the server answered, and the answer is no
  trouble = 2,   ///< a server in trouble, or misuse
};

/// The options that every sub-command understands.
struct settings {
  std::string servers = "127.0.0.1:11211";
  double timeout = 3.0;
  double connect_timeout = 1.0;
  std::string distribution = "modulo";
  std::string hash = "crc";
  std::string protocol = "auto";
  std::string username;
  std::string password;
  std::string password_file;
  std::string prefix;
  bool tls = false;
  cmemcache::tls_options tls_options;
  bool json = false;

  /// The servers, parsed. Throws where there are none, or one cannot be read.
  std::vector<cmemcache::server> server_list() const;
  cmemcache::client_options client_options() const;

  /// A client of all the servers.
  cmemcache::blocking_client client() const;

  /// A client of one of them alone.
  cmemcache::blocking_client client(const cmemcache::server& only) const;
};

/// What the command line asks for: set by the sub-command that was named, run once everything is parsed.
using action = std::function<int(const settings&)>;

void add_global_options(CLI::App& app, settings& target);

/// An option (`--name`) or a positional (`name`) that takes any bytes. Use it instead of CLI11's add_option
/// wherever a string is taken: it undoes shield_arguments.
CLI::Option* add_text(CLI::App& app, const std::string& name, std::string& target, const std::string& help);
CLI::Option* add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& target,
                       const std::string& help);

/// A whole number, in decimal and in range. CLI11's own conversion takes -1 for 2**64 - 1, and 010 for 8.
CLI::Option* add_number(CLI::App& app, const std::string& name, std::uint32_t& target, const std::string& help);
CLI::Option* add_number(CLI::App& app, const std::string& name, std::uint64_t& target, const std::string& help);
CLI::Option* add_number(CLI::App& app, const std::string& name, std::int64_t& target, const std::string& help);

/// The arguments, last one first as CLI11 wants them, made safe from being read for more than they are: it takes
/// "[a,b]" for a list and "++" for the end of a sub-command, and here both may be keys or values.
std::vector<std::string> shield_arguments(int argc, char** argv);

}  // namespace cli
