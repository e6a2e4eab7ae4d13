#include "protocol/gather.hpp"

#include <algorithm>
#include <cstring>

namespace cmemcache::protocol {

namespace {
constexpr std::size_t first_capacity = 1792;  // doubled three times it is what an idle connection may keep
}  // namespace

// Under steady traffic there may be no moment at which everything was written: what was is given up here.
void gather::grow(std::size_t size) {
  const std::size_t kept = filled_ - taken_;
  if (kept + size <= capacity_ / 2) {
    std::memmove(text_.get(), text_.get() + taken_, kept);
  } else {
    const std::size_t wanted = std::max({kept + size, capacity_ * 2, first_capacity});
    auto bigger = std::make_unique_for_overwrite<char[]>(wanted);
    if (kept != 0) std::memcpy(bigger.get(), text_.get() + taken_, kept);
    text_ = std::move(bigger);
    capacity_ = wanted;
  }
  references_.erase(references_.begin(), references_.begin() + static_cast<std::ptrdiff_t>(next_reference_));
  for (reference& r : references_) r.at -= taken_;
  next_reference_ = 0;
  filled_ = kept;
  taken_ = 0;
}

void gather::refer_to(std::string_view value) {
  references_.push_back({filled_, value});
  size_of_references_ += value.size();
}

void gather::adopt(std::string_view value) {
  for (std::size_t i = next_reference_; i < references_.size(); ++i) {
    std::string_view& bytes = references_[i].bytes;
    if (bytes.empty() || bytes.data() < value.data() || bytes.data() >= value.data() + value.size()) continue;
    adopted_.push_back(std::make_unique_for_overwrite<char[]>(bytes.size()));
    std::memcpy(adopted_.back().get(), bytes.data(), bytes.size());
    bytes = {adopted_.back().get(), bytes.size()};
  }
}

std::size_t gather::pieces(std::span<piece> pieces) const noexcept {
  std::size_t count = 0;
  std::size_t at = taken_;
  for (std::size_t r = next_reference_; count < pieces.size(); ++r) {
    const std::size_t until = r < references_.size() ? references_[r].at : filled_;
    if (until > at) pieces[count++] = {text_.get() + at, until - at};
    at = until;
    if (r >= references_.size() || count == pieces.size()) break;
    pieces[count++] = {references_[r].bytes.data(), references_[r].bytes.size()};
  }
  return count;
}

void gather::consume_pieces(std::size_t size) noexcept {
  while (size > 0) {
    const bool referenced = next_reference_ < references_.size();
    const std::size_t until = referenced ? references_[next_reference_].at : filled_;
    const std::size_t step = std::min(size, until - taken_);
    taken_ += step;
    size -= step;
    if (size == 0 || !referenced) break;
    std::string_view& bytes = references_[next_reference_].bytes;
    const std::size_t of_value = std::min(size, bytes.size());
    bytes.remove_prefix(of_value);
    size -= of_value;
    size_of_references_ -= of_value;
    if (bytes.empty()) ++next_reference_;
  }
  if (empty()) clear();
}

void gather::clear() noexcept {
  filled_ = taken_ = 0;
  references_.clear();
  adopted_.clear();
  next_reference_ = size_of_references_ = 0;
}

}  // namespace cmemcache::protocol
