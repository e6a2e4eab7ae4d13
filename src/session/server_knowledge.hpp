#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace cmemcache::session {

/// What a server has shown of the commands that it takes. A proxy may close the connection at a command that it does not
/// know (twemproxy does), and may answer `version` with that of a server behind it: then the version says nothing.
///
///     unknown ──(a version without meta commands)──▶ classic
///        │ └────(a later one, and MN to `mn`)──────▶ meta
///        └──────(closes the connection at the question)──▶ closes_at_version, closes_at_mn: is asked nothing more
///                                                          closes_at_password: is told it by SASL
///
/// Shared by the sessions of one server, whose server_link owns it. Thread safety: all members.
class server_knowledge {
 public:
  enum class state : std::uint8_t { unknown, classic, meta, closes_at_version, closes_at_mn, closes_at_password };

  /// Whether its next connection is to begin with questions.
  bool may_be_asked() const noexcept { return closes_at().empty(); }

  /// Whether a name and a password in the classic commands are not what it takes.
  bool wants_sasl() const noexcept { return now() == state::closes_at_password; }

  /// Whether its meta commands were tried: once is enough.
  bool has_shown_meta() const noexcept { return now() == state::meta; }

  void has_answered(bool meta) noexcept { state_.store(meta ? state::meta : state::classic, std::memory_order_relaxed); }

  /// It closed a connection at that question. One that has answered it before closed it for another reason: false then.
  bool has_closed_at(state question) noexcept {
    state before = now();
    if (before == state::meta || (before == state::classic && question != state::closes_at_mn)) return false;
    if (may_be_asked()) state_.compare_exchange_strong(before, question, std::memory_order_relaxed);
    return true;
  }

  /// The question that it closed a connection at; empty if it did not.
  std::string_view closes_at() const noexcept {
    const state s = now();
    return s == state::closes_at_version ? "version" : s == state::closes_at_mn ? "mn" : s == state::closes_at_password ? "set" : "";
  }

  /// It was away: another one may be there now.
  void forget() noexcept { state_.store(state::unknown, std::memory_order_relaxed); }

 private:
  state now() const noexcept { return state_.load(std::memory_order_relaxed); }

  std::atomic<state> state_{state::unknown};
};

}  // namespace cmemcache::session
