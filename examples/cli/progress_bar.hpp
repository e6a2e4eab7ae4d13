#pragma once

#include <string_view>

namespace cli {

/// One line on standard error that says how far a long command has come, drawn again and again in its place. Nothing at
/// all where standard error is no terminal, or `wanted` is false. Whoever shows it sees to how often.
class progress_bar {
 public:
  explicit progress_bar(bool wanted);
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;

  /// As clear().
  ~progress_bar();

  bool is_shown() const noexcept { return shown_; }

  /// Draws `what`, a bar of which `share` (0 to 1) is done, and `note`.
  void show(std::string_view what, double share, std::string_view note);

  /// Takes the line away, so that something else can be printed.
  void clear();

 private:
  bool shown_;
  bool drawn_ = false;
};

}  // namespace cli
