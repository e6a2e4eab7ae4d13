#include "tally.hpp"

#include <algorithm>
#include <sstream>
#include <thread>

namespace soak {

namespace {

constexpr std::chrono::milliseconds grace{50};  // beyond a call's timeout

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }
std::string ms(duration d) { return std::to_string(d / std::chrono::milliseconds(1)) + " ms"; }

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 300)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= ' ' && c <= '~' ? c : '?';
  }
  return out + '"';
}

}  // namespace

void oversleep::note(time_point asked, time_point woken) {
  const std::lock_guard lock(mutex_);
  const duration late = woken - asked - pause;
  samples_.push_back({woken, late});
  if (samples_.size() > 4000) samples_.pop_front();
  worst_ = std::max(worst_, late);
}

duration oversleep::around(time_point began, time_point ended) const {
  const std::lock_guard lock(mutex_);
  duration most{};
  for (const sample& s : samples_)
    if (s.woken >= began && s.woken - s.late <= ended + grace) most = std::max(most, s.late);
  return most;
}

duration oversleep::worst() const {
  const std::lock_guard lock(mutex_);
  return worst_;
}

lane& tally::new_lane() {
  const std::lock_guard lock(mutex_);
  return lanes_.emplace_back();
}

void tally::note(const std::string& promise, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (++counts_[promise] <= 5) said_.push_back('[' + quoted(promise) + ',' + quoted(text) + ']');
}

void tally::count(const std::string& what, std::uint64_t by) {
  const std::lock_guard lock(mutex_);
  counts_[what] += by;
}

void tally::timed(time_point began, time_point ended, const std::string& what) {
  const std::lock_guard lock(mutex_);
  slowest_ = std::max(slowest_, ended - began);
  if (ended - began > timeout_ + grace) suspects_.push_back({"late", began, ended, what});
}

void tally::harmed(time_point began, time_point ended, const std::string& what) {
  const std::lock_guard lock(mutex_);
  suspects_.push_back({"harmed", began, ended, what});
}

void tally::sleep_on() {
  for (;;) {
    const time_point asked = steady::now();
    std::this_thread::sleep_for(oversleep::pause);
    machine.note(asked, steady::now());
  }
}

// Suspects are old enough when it is known how late the machine was at the time.
void tally::judge() {
  for (;;) {
    suspect s{};
    {
      const std::lock_guard lock(mutex_);
      if (suspects_.empty() || steady::now() - suspects_.front().ended < std::chrono::seconds(1)) return;
      s = std::move(suspects_.front());
      suspects_.pop_front();
    }
    const std::string promise = s.promise;
    const duration late = machine.around(s.began, s.ended) + loop.around(s.began, s.ended);
    const duration took = s.ended - s.began;
    // A deadline that passed because nobody ran us, or the server, says nothing about the call.
    if (promise == "late" ? took <= timeout_ + grace + late : took >= timeout_ && late >= timeout_ / 5)
      count(promise + "_machine");
    else
      note(promise, s.what + ": " + ms(took) + ", the machine " + ms(late) + " late");
  }
}

std::string tally::report() {
  judge();
  const std::lock_guard lock(mutex_);
  std::uint64_t ops = 0, failed = 0, cancelled = 0, checks = lanes_.empty() ? 0 : ~0ULL;
  bool idle = true;
  duration oldest{};
  for (const lane& l : lanes_) {
    ops += l.ops;
    failed += l.failed;
    cancelled += l.cancelled;
    checks = std::min(checks, l.checks.load());
    idle = idle && l.idle;
    if (const auto began = l.began.load(); began != 0)
      oldest = std::max(oldest, steady::now() - time_point(duration(began)));
  }
  std::ostringstream out;
  out << "\"ops\":" << ops << ",\"failed\":" << failed << ",\"cancelled\":" << cancelled << ",\"checks\":" << checks
      << ",\"idle\":" << (idle ? "true" : "false") << ",\"oldest\":" << seconds(oldest)
      << ",\"slowest\":" << seconds(slowest_) << ",\"oversleep\":" << seconds(std::max(machine.worst(), loop.worst()));
  for (const auto& [what, number] : counts_) out << ',' << quoted(what) << ':' << number;
  out << ",\"said\":[";
  const std::size_t shown = std::min<std::size_t>(said_.size(), 5);
  for (std::size_t i = 0; i < shown; ++i) out << (i == 0 ? "" : ",") << said_[i];
  said_.erase(said_.begin(), said_.begin() + static_cast<std::ptrdiff_t>(shown));
  out << ']';
  return out.str();
}

}  // namespace soak
