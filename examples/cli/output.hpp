#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace cli {

/// Standard output takes no more: a full disk, or a reader that went away (`cmemcache get big | head -c 10`).
struct output_failed : std::system_error {
  using system_error::system_error;
};

/// Bytes to standard output, exactly these. Throws output_failed.
void print(std::string_view bytes);

/// One line to standard error, with the program's name before it. Control characters in `text`, which may quote
/// whatever a key or a server sent, are shown as \xHH.
void complain(std::string_view text);

/// One line to standard error as it is: what belongs to an answer but not into the value.
void remark(std::string_view text);

/// Pushes out what print() was given. Throws output_failed.
void flush_output();

/// Whether a person is looking at standard output.
bool is_terminal();

/// is_terminal(), and nobody asked for no colours (NO_COLOR).
bool wants_colour();

/// `text` with control characters as \xHH.
std::string printable(std::string_view text);

/// Milliseconds with two digits: "0.08 ms".
std::string milliseconds(double ms);

}  // namespace cli
