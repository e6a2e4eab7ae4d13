#include "cli/bench_keys.hpp"

#include <cstdio>
#include <random>

namespace cli {

namespace {

std::string random_stem() {
  std::random_device entropy;
  char text[32];
  std::snprintf(text, sizeof text, "cmemcache-bench-%08x-", entropy());
  return text;
}

}  // namespace

bench_keys::bench_keys(std::size_t many, std::size_t value_size) : many_(many), value_size_(value_size) {
  const std::string stem = random_stem();
  const std::size_t digits = std::to_string(many).size();
  stride_ = stem.size() + digits + 1;
  names_.reserve(many * stride_);
  for (std::size_t i = 0; i < many; ++i) {
    const std::string number = std::to_string(i);
    names_.append(stem).append(digits - number.size(), '0').append(number).append(1, '=');
  }
}

void bench_keys::make_value(std::size_t i, std::string& value) const {
  value.resize(value_size_, 'x');
  const auto mark = mark_of(i);
  value.replace(0, mark.size(), mark);
}

bool bench_keys::is_value_of(std::size_t i, std::string_view value) const noexcept {
  const auto mark = mark_of(i);
  return value.size() == value_size_ && value.substr(0, mark.size()) == mark;
}

std::string_view bench_keys::mark_of(std::size_t i) const noexcept {
  return std::string_view(names_.data() + i * stride_, stride_).substr(0, value_size_);
}

}  // namespace cli
