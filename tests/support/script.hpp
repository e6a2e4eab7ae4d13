#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cmemcache/error.hpp>
#include <cmemcache/reply.hpp>
#include <cmemcache/request.hpp>

#include "session/session.hpp"

/// A session is tested by a script: what is asked, what must be written, what the server answers to that, and what
/// must be filed. A conversation plays the script at any pace, with any fault, and then tells what was wrong.
namespace cmemcache::test {

inline constexpr std::size_t whole = static_cast<std::size_t>(-1);

/// What is filed for one key, or why it was refused.
struct answer {
  cmemcache::status status = cmemcache::status::unanswered;
  std::string value = {};
  std::uint32_t flags = 0;
  std::uint64_t cas = 0;
  std::uint64_t number = 0;
  error_code refused = {};

  bool operator==(const answer&) const = default;
};

inline answer hit(std::string value, std::uint32_t flags = 0, std::uint64_t cas = 0) {
  return {.status = status::hit, .value = std::move(value), .flags = flags, .cas = cas};
}
inline answer count(std::uint64_t number) { return {.status = status::number, .number = number}; }
inline answer refusal(errc why) { return {.refused = why}; }

struct asked_key {
  std::string key;
  std::string value = {};
  std::uint32_t flags = 0;
  std::uint64_t number = 0;
  test::answer answer = {};
};

/// One request and what shall become of it.
struct asked {
  verb op = verb::get;
  bool noreply = false;
  bool one_by_one = false;
  std::int64_t exptime = 0;
  std::uint64_t delay = 0;
  std::string prefix = {};
  std::string argument = {};
  std::vector<asked_key> keys = {};
  test::answer answer = {};  ///< of a verb without keys
  std::vector<std::pair<std::string, std::string>> stats = {};
  error_code result = {};
  bool ambiguous = false;
};

/// The server sends `replied` as soon as it has all of `written`.
struct step {
  std::string written;
  std::string replied = {};
};

struct exchange {
  std::string name;
  session::session_options options = {};
  std::vector<step> script = {};
  std::vector<asked> asks = {};
  bool forged = false;  ///< a value has protocol lines inside: one wrong byte before it could bring them to life

  std::string written() const;
  std::string replied() const;
};

/// A sink that keeps everything, in memory of exactly the size asked for, and notes what a session must never do.
class recorder final : public session::reply_sink {
 public:
  explicit recorder(std::size_t slots) : filed_(slots) {}

  char* place(std::uint32_t slot, std::size_t size) noexcept override;
  void filed(std::uint32_t slot, const item& given) noexcept override;
  void refused(std::uint32_t slot, error_code why, std::string_view words) noexcept override;
  void stat(std::string_view name, std::string_view value) override { stats_.emplace_back(name, value); }

  /// From now on nothing may be filed.
  void close() noexcept { closed_ = true; }
  /// Larger values than this find no memory.
  void set_memory(std::size_t bytes) noexcept { memory_ = bytes; }

  const answer& operator[](std::size_t slot) const { return filed_[slot].what; }
  bool has(std::size_t slot) const { return filed_[slot].times != 0; }
  std::size_t size() const { return filed_.size(); }
  std::size_t places() const { return places_; }
  const std::vector<std::pair<std::string, std::string>>& stats() const { return stats_; }
  /// What the session did wrong; empty if nothing.
  const std::string& complaint() const { return complaint_; }

 private:
  struct filing {
    int times = 0;
    answer what;
    std::unique_ptr<char[]> place;
    std::size_t size = 0;
  };
  filing* open(std::uint32_t slot);

  std::vector<filing> filed_;
  std::vector<std::pair<std::string, std::string>> stats_;
  std::string complaint_;
  std::size_t memory_ = whole;
  std::size_t places_ = 0;
  bool closed_ = false;
};

/// What became of one request. Outlives the request, which is freed the moment it is finished.
struct outcome {
  explicit outcome(std::size_t slots) : answers(slots) {}
  int finished = 0;
  error_code result;
  bool written = false;
  bool ambiguous = false;
  bool early = false;  ///< it succeeded before its last byte was written; right only when the session is given up
  recorder answers;
};

/// Makes a request out of `what`, with copies of its keys and values that die with it, and submits it.
std::unique_ptr<outcome> submit(session::session& to, const asked& what);

/// How the bytes move, and what goes wrong.
struct pace {
  std::size_t write = whole;            ///< bytes written at once
  std::size_t read = whole;             ///< bytes read at once
  std::size_t cut = whole;              ///< besides, no read passes this byte of the replies
  std::size_t lost_at_read = whole;     ///< after so many bytes the server closes
  std::size_t lost_at_written = whole;  ///< after so many bytes the connection is reset
  std::size_t corrupt = whole;          ///< this byte of the replies
  char byte = 0;                        ///< is that instead
};

/// Plays one exchange.
class conversation {
 public:
  explicit conversation(const exchange& e);
  ~conversation();

  void play(const pace& p);

  /// What differs from the script, played whole. Empty if nothing.
  std::string judge_whole() const;
  /// What is wrong after the connection was lost: whatever was answered must be right, the rest must have failed.
  std::string judge_lost() const;
  /// What is wrong after a corrupted reply. A value's bytes, flags and numbers may be; whose they are may not.
  std::string judge_corrupted() const;

  const std::vector<std::unique_ptr<outcome>>& outcomes() const { return outcomes_; }
  session::session& session() { return session_; }

 private:
  bool write(const pace& p);
  bool read(const pace& p);
  void look();
  std::string judge_broken(bool corrupted) const;

  const exchange& exchange_;
  session::session session_;
  std::vector<std::unique_ptr<outcome>> outcomes_;
  const std::string to_write_, to_read_;
  std::string written_;
  std::size_t read_ = 0;
  bool stopped_ = false;
  bool misled_ = false;  // the session wrote something else than the script says
  std::string complaint_;
};

}  // namespace cmemcache::test
