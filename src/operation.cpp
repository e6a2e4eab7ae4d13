#include "operation.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>

#include "protocol/gather.hpp"

namespace cmemcache {

using protocol::element;

namespace {

bool is_copied(std::string_view value) noexcept { return value.size() < protocol::gather::reference_threshold; }

std::size_t copied_size(const element& e) noexcept {
  return e.key.size() + (is_copied(e.value) ? e.value.size() : 0);
}

char* copy(std::string_view& text, char* to) noexcept {
  if (text.empty()) return to;
  std::memcpy(to, text.data(), text.size());
  text = {to, text.size()};
  return to + text.size();
}

void copy_into(element& e, char* at) noexcept {
  at = copy(e.key, at);
  if (is_copied(e.value)) copy(e.value, at);
}

}  // namespace

// ---- any operation

part& operation::add_part() {
  part& p = parts++ == 0 ? first_part : more_parts.emplace_front();
  p.of = this;
  return p;
}

error_code operation::first_error() {
  if (error) return error;
  if (!refusals().empty()) return refusals().front().why;
  if (settlement && !settlement->failures().empty()) return settlement->failures().front().code;
  return {};
}

std::vector<failure> operation::troubles() {
  std::vector<failure> out;
  if (error) out.push_back({error, {}, std::string(to_string(what.op)) + ": " + error.message()});
  if (settlement) std::ranges::move(settlement->failures(), std::back_inserter(out));
  return out;
}

std::vector<failure> operation::failures() {
  std::vector<failure> out;
  for (const auto& r : refusals()) out.push_back(describe(r, what.op, key_of(r.slot)));
  std::ranges::move(troubles(), std::back_inserter(out));
  return out;
}

// ---- one key

void single_operation::ask(const protocol::command& command, const element& asked) {
  what = command;
  asked_ = asked;
  const std::size_t size = copied_size(asked);
  if (size > usual_size) large_text_ = std::make_unique_for_overwrite<char[]>(size);
  else text_size_ = size;
  copy_into(asked_, size > usual_size ? large_text_.get() : text_);
}

std::string single_operation::take_value() {
  // A large value may have been lost half way, and a small one come in its place.
  if (answer.value.data() != large_value_.data()) return std::string(answer.value);
  return std::move(large_value_);
}

char* single_operation::place(std::uint32_t, std::size_t size) noexcept {
  if (size <= usual_size - text_size_) return text_ + text_size_;
  try {
    large_value_.resize(size);
    return large_value_.data();
  } catch (const std::bad_alloc&) {
    return nullptr;
  } catch (const std::length_error&) {
    return nullptr;
  }
}

void single_operation::filed(std::uint32_t, const item& got) noexcept { answer = got; }

void single_operation::refused(std::uint32_t slot, error_code why, std::string_view words) noexcept {
  refused_.emplace(session::results::refusal{.slot = slot, .why = why, .words = {}});
  try {
    refused_->words = words;
  } catch (const std::bad_alloc&) {
    // Only the words are lost.
  }
}

// ---- many keys

void multi_operation::ask(const protocol::command& command, std::span<const element> asked) {
  what = command;
  answer_items.resize(asked.size());
  answers.answer_in(answer_items);
  asked_.assign(asked.begin(), asked.end());
  keys_.resize(asked.size());
  good_ = asked.size();
  for (element& e : asked_) {
    const std::size_t size = copied_size(e);
    char* const at = text_.allocate(size);
    if (at == nullptr && size != 0) throw std::bad_alloc();
    copy_into(e, at);
    keys_[e.slot] = e.key;
  }
}

// ---- servers

void server_operation::ask(const protocol::command& command) {
  what = command;
  argument_ = command.argument;
  what.argument = argument_;
}

std::vector<server_stats> server_operation::answers() {
  if (error || servers == nullptr) return {};
  return answers_of(*servers, sinks, settlement->failures());
}

}  // namespace cmemcache
