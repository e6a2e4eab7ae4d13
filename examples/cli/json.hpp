#pragma once

#include <boost/json.hpp>

#include <string>
#include <string_view>

namespace cli {

namespace json = boost::json;

/// Whether `bytes` are UTF-8 as RFC 3629 has it: shortest forms only, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes) noexcept;

/// Base64 with padding, the alphabet with + and /.
std::string base64(std::string_view bytes);

/// Puts `bytes` under `name` as a string; where they are not UTF-8, in base64 under `name` + "_base64".
void put_bytes(json::object& into, std::string_view name, std::string_view bytes);

/// One document and a newline on standard output.
void print_json(const json::value& document);

}  // namespace cli
