#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cmemcache::routing {

/// A number's decimal digits, kept in place. Rehashing works on digits, and must not allocate to get them.
class decimal {
 public:
  explicit decimal(std::uint64_t number) noexcept { append(number); }

  /// Writes another number's digits behind. There is room for 20 digits and 4 more.
  void append(std::uint64_t number) noexcept {
    char* const end = std::to_chars(digits_.data() + length_, digits_.data() + digits_.size(), number).ptr;
    length_ = static_cast<std::size_t>(end - digits_.data());
  }

  /// Points into this object.
  std::string_view text() const noexcept { return {digits_.data(), length_}; }

 private:
  std::array<char, 24> digits_;
  std::size_t length_ = 0;
};

}  // namespace cmemcache::routing
