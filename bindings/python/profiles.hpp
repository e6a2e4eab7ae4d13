#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cmemcache::python {

/// How values and flags stand for Python objects.
enum class profile : std::uint8_t {
  raw,  ///< bytes and nothing else
  // These share the flags of flag_bits.
  python_memcached,
  pylibmc,
  pymemcache,
  // Others.
  libmc,
  object,  ///< the user's dumps() and loads()
};

/// The profile of that exact name, or nothing.
std::optional<profile> parse_profile(std::string_view name) noexcept;

/// The flag bits of python-memcached, which pylibmc and pymemcache share.
struct flag_bits {
  static constexpr std::uint32_t pickle = 1;
  static constexpr std::uint32_t integer = 2;
  static constexpr std::uint32_t long_integer = 4;
  static constexpr std::uint32_t compressed = 8;
  static constexpr std::uint32_t text = 16;
};

/// What the bytes of a value are, once they are decompressed.
enum class form : std::uint8_t { bytes, text, integer, boolean, marshal, pickle };

/// What a library writes and reads: all that its profile is. Value type; those of the libraries are constants.
struct value_rules {
  /// Which compressed values are written, where compression is asked for.
  enum class keeps : std::uint8_t { smaller, not_larger, all };

  // A form's flags when it is written. 0, but for bytes: the library writes no such form, and pickles.
  std::uint32_t text = 0;
  std::uint32_t integer = 0;
  std::uint32_t boolean = 0;
  std::uint32_t marshal = 0;  ///< whatever can be marshalled, bytes, int and bool aside

  // Flags as they are read. 0: the library knows no such flag.
  std::uint32_t integers = 0;  ///< all that say integer
  std::uint32_t booleans = 0;
  std::uint32_t compressed = 0;
  std::uint32_t chunked = 0;  ///< the value is the number of keys that it lies under: see chunks.hpp
  bool combined = false;      ///< several forms' flags at once are read, as the first of text, integer, pickle

  bool subclasses = false;            ///< an instance of a subclass of bytes, str or int is written as one of the class
  bool compresses_integers = true;
  bool compresses_equal_length = false;  ///< what is as long as min_compress_len is compressed, not only what is longer
  keeps compressed_values = keeps::smaller;

  /// The form that flags stand for; nothing where the library would have to guess.
  std::optional<form> form_of(std::uint32_t flags) const noexcept;

  /// Whether a value of that length is to be compressed. 0: none; less: all.
  bool is_compressed(std::size_t length, std::ptrdiff_t min_compress_len) const noexcept;
  bool is_kept(std::size_t packed, std::size_t plain) const noexcept;
};

/// Of a library's profile. `raw` and `object` have no rules: of these nobody asks.
const value_rules& rules_of(profile values) noexcept;

}  // namespace cmemcache::python
