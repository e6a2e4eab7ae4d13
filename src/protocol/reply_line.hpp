#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <cmemcache/error.hpp>
#include <cmemcache/reply.hpp>

namespace cmemcache::protocol {

/// A reply's first line, understood. Views point into the line.
struct reply_line {
  enum class kind : std::uint8_t {
    value,     ///< `size` bytes follow, and CR LF but in the binary protocol: VALUE, VA, or a hit
    end,       ///< END: no more values or statistics
    answer,    ///< `status` says it all: STORED, HD, EN, NF, ...
    fence,     ///< MN, or a no-op: everything before it was answered
    stat,      ///< STAT `key` `text`
    failure,   ///< `code` says what; whether the stream is still in step, is_fatal(code) says
  };

  kind what = kind::failure;
  cmemcache::status status = cmemcache::status::unanswered;
  errc code = errc::protocol_error;
  bool has_opaque = false;
  std::uint32_t flags = 0;
  std::uint32_t opaque = 0;
  std::size_t size = 0;
  std::uint64_t cas = 0;
  std::uint64_t number = 0;
  std::string_view key = {};    ///< VALUE's key (with the prefix), STAT's name
  std::string_view text = {};   ///< STAT's value, VERSION's text, an error's words
};

}  // namespace cmemcache::protocol
