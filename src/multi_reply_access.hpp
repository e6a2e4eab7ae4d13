#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <cmemcache/reply.hpp>

namespace cmemcache {

/// How the facades put a multi_reply together.
struct multi_reply_access {
  static multi_reply make(std::vector<item> items, std::vector<std::unique_ptr<char[]>> memory,
                          std::vector<failure> failures) {
    multi_reply out;
    out.items_ = std::move(items);
    out.memory_ = std::move(memory);
    out.failures_ = std::move(failures);
    return out;
  }
};

}  // namespace cmemcache
