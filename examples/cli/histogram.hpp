#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace cli {

/// How long many calls took, within 0.4 %: a count for each of 128 equal steps in each power of two of nanoseconds.
///
///     nanoseconds   0 .. 127    128 .. 255    256 .. 511    512 .. 1023   ...   68 s
///     a step is         1            1             2             4        ...
///
/// Recording allocates nothing and takes a few instructions. What took longer is counted in the last step, and max() is
/// exact all the same.
class histogram {
 public:
  using duration = std::chrono::nanoseconds;

  void record(duration took) noexcept {
    const auto value = static_cast<std::uint64_t>(std::max<duration::rep>(took.count(), 0));
    ++steps_[std::min(step_of(value), steps_.size() - 1)];
    ++count_;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }

  void merge(const histogram& other) noexcept {
    for (std::size_t i = 0; i < steps_.size(); ++i) steps_[i] += other.steps_[i];
    count_ += other.count_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
  }

  std::uint64_t count() const noexcept { return count_; }
  duration min() const noexcept { return duration(count_ == 0 ? 0 : min_); }
  duration max() const noexcept { return duration(max_); }

  /// What `percent` of the calls did not exceed; zero where there were none.
  duration percentile(double percent) const noexcept {
    auto left = static_cast<std::uint64_t>(std::ceil(static_cast<double>(count_) * percent / 100));
    for (std::size_t i = 0; i < steps_.size() && left > 0; ++i) {
      if (steps_[i] >= left) return duration(std::clamp(middle_of(i), min_, max_));
      left -= steps_[i];
    }
    return min();
  }

 private:
  static constexpr std::size_t bits = 7;
  static constexpr std::size_t per_octave = std::size_t{1} << bits;
  static constexpr std::size_t octaves = 36 - bits + 1;  // up to 2**36 ns

  static std::size_t step_of(std::uint64_t value) noexcept {
    if (value < per_octave) return value;
    const auto octave = static_cast<std::size_t>(std::bit_width(value)) - bits;
    return octave * per_octave + ((value >> (octave - 1)) - per_octave);
  }

  static std::uint64_t middle_of(std::size_t step) noexcept {
    if (step < per_octave) return step;
    const std::size_t octave = step / per_octave;
    const std::uint64_t lowest = (per_octave + step % per_octave) << (octave - 1);
    return lowest + ((std::uint64_t{1} << (octave - 1)) - 1) / 2;
  }

  std::array<std::uint64_t, octaves * per_octave> steps_{};
  std::uint64_t count_ = 0;
  std::uint64_t min_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_ = 0;
};

}  // namespace cli
