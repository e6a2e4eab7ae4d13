#pragma once

#include "cli/settings.hpp"

#include <string>

namespace cli {

/// Where the value of a store comes from: the argument VALUE, `--file F`, or standard input where there is neither
/// or VALUE is "-". Always bytes as they are: nothing is trimmed.
class value_source {
 public:
  void add_to(CLI::App& command);

  /// Reads the value. Throws std::runtime_error naming the file that cannot be read.
  std::string read() const;

 private:
  std::string value_;
  std::string file_;
  CLI::Option* value_given_ = nullptr;
  CLI::Option* file_given_ = nullptr;
};

/// All of standard input.
std::string read_standard_input();

}  // namespace cli
