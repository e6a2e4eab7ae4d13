#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace soak {

using steady = std::chrono::steady_clock;
using time_point = steady::time_point;
using duration = steady::duration;

/// How much later than asked the machine wakes somebody who sleeps `pause`. Thread safety: all members.
class oversleep {
 public:
  static constexpr std::chrono::milliseconds pause{5};

  void note(time_point asked, time_point woken);

  /// The worst while a call was under way, or just after.
  duration around(time_point began, time_point ended) const;
  duration worst() const;

 private:
  struct sample {
    time_point woken;
    duration late;
  };
  mutable std::mutex mutex_;
  std::deque<sample> samples_;
  duration worst_{};
};

/// The counts of one thread or coroutine.
struct lane {
  std::atomic<std::uint64_t> ops{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> cancelled{0};
  std::atomic<std::uint64_t> checks{0};
  std::atomic<duration::rep> began{0};  ///< when the call under way did; 0 between calls
  std::atomic<bool> idle{false};
};

/// All that a worker reports, as tally.py has it. Thread safety: all members; a forked child must not use it.
class tally {
 public:
  explicit tally(duration timeout) : timeout_(timeout) {}

  lane& new_lane();

  /// A promise ("wrong", "late", "lost", "harmed", "broken") was not kept, or something else is to be counted.
  void note(const std::string& promise, const std::string& text);
  void count(const std::string& what, std::uint64_t by = 1);

  void timed(time_point began, time_point ended, const std::string& what);

  /// A call to a healthy server failed.
  void harmed(time_point began, time_point ended, const std::string& what);

  /// Sleeps and wakes until the process ends: a thread's work.
  [[noreturn]] void sleep_on();

  /// The inside of a line of JSON, without braces.
  std::string report();

  oversleep machine;
  oversleep loop;  ///< of the io_context, if there is one

 private:
  struct suspect {
    const char* promise;
    time_point began;
    time_point ended;
    std::string what;
  };
  void judge();

  const duration timeout_;
  std::mutex mutex_;
  std::list<lane> lanes_;
  std::map<std::string, std::uint64_t> counts_;
  std::vector<std::string> said_;  // of broken promises, as JSON
  std::deque<suspect> suspects_;
  duration slowest_{};
};

}  // namespace soak
