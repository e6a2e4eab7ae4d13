#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "session/session.hpp"
#include "support/script.hpp"

namespace cmemcache::test {

/// A session under the hand: what it writes is a string, what it reads is a string.
struct desk {
  explicit desk(const session::session_options& options = {.protocol = wire_protocol::text}) : session(options) {}
  ~desk() { session.fail(errc::closed); }

  outcome* ask(const asked& what) { return outcomes.emplace_back(submit(session, what)).get(); }

  std::string write(std::size_t most = whole) {
    std::string all;
    std::array<session::session::piece, 4> pieces;
    while (const std::size_t count = session.output(pieces)) {
      std::size_t taken = 0;
      for (std::size_t i = 0; i < count && taken < most; ++i) {
        const std::size_t part = std::min(pieces[i].size, most - taken);
        all.append(pieces[i].data, part);
        taken += part;
      }
      session.wrote(taken);
      most -= most == whole ? 0 : taken;
      if (most == 0) break;
    }
    return all;
  }

  error_code read(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto [value, buffer] = session.input();
      const std::size_t of_value = std::min(value.size(), bytes.size());
      if (of_value != 0) std::memcpy(value.data(), bytes.data(), of_value);
      const std::size_t of_buffer = std::min(buffer.size(), bytes.size() - of_value);
      if (of_buffer != 0) std::memcpy(buffer.data(), bytes.data() + of_value, of_buffer);
      bytes.remove_prefix(of_value + of_buffer);
      if (const error_code ec = session.received(of_value + of_buffer)) return ec;
    }
    return {};
  }

  /// Past the greeting.
  void greet(std::string_view version = "1.6.18") {
    REQUIRE(write() == "version\r\n");
    REQUIRE_FALSE(read("VERSION " + std::string(version) + "\r\n"));
  }

  std::vector<std::unique_ptr<outcome>> outcomes;
  session::session session;
};

inline asked get_of(std::initializer_list<const char*> keys) {
  asked a{.op = verb::get};
  for (const char* key : keys) a.keys.push_back({.key = key});
  return a;
}

inline asked set_of(const char* key, std::string value) {
  return {.op = verb::set, .keys = {{.key = key, .value = std::move(value)}}};
}

}  // namespace cmemcache::test
