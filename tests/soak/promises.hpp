#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace soak {

using chance = std::mt19937_64;

/// A number from 0 to `most`.
std::size_t up_to(chance& random, std::size_t most);

/// A value's length in bytes: mostly few.
std::size_t some_length(chance& random);

/// Makes values that say whose they are, and tells of those that come back what is wrong with them. promises.py says
/// why, and writes the same. Thread safety: all members.
class writer {
 public:
  explicit writer(std::string name) : name_(std::move(name)) {}

  const std::string& name() const noexcept { return name_; }
  std::string value(std::string_view key, std::size_t length, chance& random);

  /// What is wrong with `value` as one of `key`; empty if nothing is.
  std::string complaint(std::string_view key, std::string_view value) const;

 private:
  const std::string name_;
  std::atomic<std::uint64_t> last_{0};
};

/// Of a value that was only appended and prepended to, by tokens `key#number;` of which none is put twice.
std::string patches_complaint(std::string_view key, std::string_view value, std::uint64_t last);

}  // namespace soak
