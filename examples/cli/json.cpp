#include "cli/json.hpp"

#include "cli/output.hpp"

// The one place where Boost.JSON is compiled: Debian's headers come without the library.
#include <boost/json/src.hpp>

#include <cstdint>

namespace cli {

bool is_utf8(std::string_view bytes) noexcept {
  std::size_t i = 0;
  auto at = [&](std::size_t n) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[n])); };
  while (i < bytes.size()) {
    const auto lead = at(i);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC0 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF8 ? 4
                                             : 0;
    if (length == 0 || length > bytes.size() - i) return false;
    std::uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t n = 1; n < length; ++n) {
      if ((at(i + n) & 0xC0u) != 0x80u) return false;
      code = (code << 6) | (at(i + n) & 0x3Fu);
    }
    static constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < smallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    i += length;
  }
  return true;
}

std::string base64(std::string_view bytes) {
  static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t n = 0; n < 3; ++n)
      three = (three << 8) | (i + n < bytes.size() ? static_cast<unsigned char>(bytes[i + n]) : 0u);
    for (std::size_t n = 0; n < 4; ++n)
      text += i + n <= bytes.size() ? alphabet[(three >> (18 - 6 * n)) & 63u] : '=';
  }
  return text;
}

void put_bytes(json::object& into, std::string_view name, std::string_view bytes) {
  if (is_utf8(bytes))
    into[json::string_view(name.data(), name.size())] = json::string(bytes.data(), bytes.size());
  else
    into[std::string(name) + "_base64"] = json::string(base64(bytes));
}

void print_json(const json::value& document) { print(json::serialize(document) + "\n"); }

}  // namespace cli
