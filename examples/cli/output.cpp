#include "cli/output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace cli {

void print(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size())
    throw output_failed(errno, std::generic_category(), "cannot write to standard output");
}

void flush_output() {
  if (std::fflush(stdout) != 0)
    throw output_failed(errno, std::generic_category(), "cannot write to standard output");
}

void complain(std::string_view text) { remark("cmemcache: " + printable(text)); }

void remark(std::string_view text) {
  std::fflush(stdout);  // so that both streams read in order where they end in the same place
  std::string line(text);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

bool is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

bool wants_colour() {
  const char* refused = std::getenv("NO_COLOR");
  return is_terminal() && (refused == nullptr || *refused == '\0');
}

std::string printable(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      shown += c;
    } else {
      shown += "\\x";
      shown += digits[byte >> 4];
      shown += digits[byte & 15];
    }
  }
  return shown;
}

std::string milliseconds(double ms) {
  char text[48];
  std::snprintf(text, sizeof text, "%.2f ms", ms);
  return text;
}

}  // namespace cli
