#include "cli/progress_bar.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <unistd.h>

namespace cli {

progress_bar::progress_bar(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}

progress_bar::~progress_bar() { clear(); }

void progress_bar::show(std::string_view what, double share, std::string_view note) {
  if (!shown_) return;
  constexpr std::size_t wide = 30;
  const double done = std::clamp(share, 0.0, 1.0);
  std::string bar(static_cast<std::size_t>(done * wide), '#');
  bar.resize(wide, '.');
  char percent[8];
  std::snprintf(percent, sizeof percent, "%3.0f %%", done * 100);
  const std::string line =
      "\r" + std::string(what) + " [" + bar + "] " + percent + "  " + std::string(note) + "\033[K";
  std::fwrite(line.data(), 1, line.size(), stderr);
  drawn_ = true;
}

void progress_bar::clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

}  // namespace cli
