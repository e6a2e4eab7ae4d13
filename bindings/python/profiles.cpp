#include "profiles.hpp"

#include <array>
#include <bit>
#include <utility>

namespace cmemcache::python {

namespace {

constexpr value_rules python_memcached{
    .text = flag_bits::text,
    .integer = flag_bits::integer,
    .integers = flag_bits::integer | flag_bits::long_integer,
    .compressed = flag_bits::compressed,
    .combined = true,
    .compresses_integers = false,
};

// A bool is written as an int, and comes back as one.
constexpr value_rules pylibmc{
    .text = flag_bits::text,
    .integer = flag_bits::long_integer,
    .boolean = flag_bits::integer,
    .integers = flag_bits::integer | flag_bits::long_integer,
    .compressed = flag_bits::compressed,
    .subclasses = true,
    .compresses_equal_length = true,
};

// PickleSerde's, and CompressedSerde's.
constexpr value_rules pymemcache{
    .text = flag_bits::text,
    .integer = flag_bits::integer,
    .integers = flag_bits::integer | flag_bits::long_integer,
    .compressed = flag_bits::compressed,
    .compressed_values = value_rules::keeps::not_larger,
};

constexpr value_rules libmc{
    .integer = 4,
    .boolean = 8,
    .marshal = 32,
    .integers = 2 | 4,
    .booleans = 8,
    .compressed = 16,
    .chunked = 4096,
    .compressed_values = value_rules::keeps::all,
};

constexpr std::array<std::pair<std::string_view, profile>, 6> names{{
    {"raw", profile::raw},
    {"python-memcached", profile::python_memcached},
    {"pylibmc", profile::pylibmc},
    {"pymemcache", profile::pymemcache},
    {"libmc", profile::libmc},
    {"object", profile::object},
}};

}  // namespace

std::optional<profile> parse_profile(std::string_view name) noexcept {
  for (const auto& [known, values] : names)
    if (known == name) return values;
  return std::nullopt;
}

const value_rules& rules_of(profile values) noexcept {
  switch (values) {
    case profile::pylibmc: return pylibmc;
    case profile::pymemcache: return pymemcache;
    case profile::libmc: return libmc;
    case profile::python_memcached:
    case profile::raw:
    case profile::object: break;
  }
  return python_memcached;
}

std::optional<form> value_rules::form_of(std::uint32_t flags) const noexcept {
  const std::uint32_t kind = flags & ~compressed;
  if ((kind & ~(text | integers | booleans | marshal | flag_bits::pickle)) != 0) return std::nullopt;
  if (!combined && std::popcount(kind) > 1) return std::nullopt;
  if ((kind & text) != 0) return form::text;
  if ((kind & integers) != 0) return form::integer;
  if ((kind & booleans) != 0) return form::boolean;
  if ((kind & marshal) != 0) return form::marshal;
  return kind == 0 ? form::bytes : form::pickle;
}

bool value_rules::is_compressed(std::size_t length, std::ptrdiff_t min_compress_len) const noexcept {
  if (min_compress_len <= 0) return min_compress_len < 0;
  const auto least = static_cast<std::size_t>(min_compress_len);
  return length > least || (length == least && compresses_equal_length);
}

bool value_rules::is_kept(std::size_t packed, std::size_t plain) const noexcept {
  switch (compressed_values) {
    case keeps::smaller: break;
    case keeps::not_larger: return packed <= plain;
    case keeps::all: return true;
  }
  return packed < plain;
}

}  // namespace cmemcache::python
