#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace cmemcache {

/// Objects made together, of which there is mostly one: that one lies in here and takes no memory. They stay where they are.
template <class T>
class one_or_more {
 public:
  one_or_more() = default;
  one_or_more(const one_or_more&) = delete;
  one_or_more& operator=(const one_or_more&) = delete;

  /// `count` new ones, in the place of any old ones. At first there is none.
  std::span<T> make(std::size_t count) {
    if (count == 1) return all_ = {&one_.emplace(), 1};
    return all_ = many_ = std::vector<T>(count);
  }

  std::span<T> all() const noexcept { return all_; }
  T& operator[](std::size_t i) const noexcept { return all_[i]; }
  auto begin() const noexcept { return all_.begin(); }
  auto end() const noexcept { return all_.end(); }

 private:
  std::optional<T> one_;
  std::vector<T> many_;
  std::span<T> all_;
};

}  // namespace cmemcache
