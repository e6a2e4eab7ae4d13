#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

/// The keys of a benchmark, which nobody else has, and the values that belong to them: "KEY=" and padding, so that
/// every value says whose it is, as far as it is long enough. Safe from several threads.
class bench_keys {
 public:
  bench_keys(std::size_t many, std::size_t value_size);

  std::size_t size() const noexcept { return many_; }
  std::size_t value_size() const noexcept { return value_size_; }

  std::string_view operator[](std::size_t i) const noexcept { return {names_.data() + i * stride_, stride_ - 1}; }

  /// Makes `value` the value of key `i`. Cheap for one that was a key's value already: only the beginning is written.
  void make_value(std::size_t i, std::string& value) const;

  bool is_value_of(std::size_t i, std::string_view value) const noexcept;

 private:
  // What the value of key `i` begins with.
  std::string_view mark_of(std::size_t i) const noexcept;

  std::size_t many_;
  std::size_t value_size_;
  std::size_t stride_;
  std::string names_;  // every key and a "=", one behind the other, all of one length
};

}  // namespace cli
