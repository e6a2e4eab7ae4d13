#pragma once

#include "operation.hpp"

namespace cmemcache {

/// Parts that wait for their turn: first in, first out, intrusive, and one may leave from the middle.
class part_queue {
 public:
  bool empty() const noexcept { return head_ == nullptr; }
  part* front() const noexcept { return head_; }

  void push(part& p) noexcept {
    p.previous = tail_;
    p.next = nullptr;
    (tail_ == nullptr ? head_ : tail_->next) = &p;
    tail_ = &p;
  }

  void remove(part& p) noexcept {
    (p.previous == nullptr ? head_ : p.previous->next) = p.next;
    (p.next == nullptr ? tail_ : p.next->previous) = p.previous;
    p.previous = p.next = nullptr;
  }

  /// `others` come behind, and their queue is empty then.
  void append(part_queue& others) noexcept {
    if (others.empty()) return;
    others.head_->previous = tail_;
    (tail_ == nullptr ? head_ : tail_->next) = others.head_;
    tail_ = others.tail_;
    others = {};
  }

 private:
  part* head_ = nullptr;
  part* tail_ = nullptr;
};

}  // namespace cmemcache
