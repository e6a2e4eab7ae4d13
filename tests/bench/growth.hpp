#pragma once

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

/// What tools/growth and a contender that is a program say to each other; growth_worker.py is the same in Python.
///
/// Everything is on the command line. The program gets ready, says "ready", waits for a line, measures, writes its figures
/// as one line of JSON, and waits for the end of its input, so that its connections can be counted.
namespace growth {

using clock = std::chrono::steady_clock;

struct question {
  std::string name, verb;
  int count = 0;
  double seconds = 0;
  std::vector<std::string> addresses;

  question(int argc, char** argv) {
    if (argc != 6) throw std::runtime_error("usage: NAME VERB COUNT SECONDS ADDRESS,...");
    name = argv[1];
    verb = argv[2];
    count = std::stoi(argv[3]);
    seconds = std::stod(argv[4]);
    std::istringstream list(argv[5]);
    for (std::string one; std::getline(list, one, ',');) addresses.push_back(one);
  }
};

/// The key that cases.keys_of("k", ...) in Python calls its i-th.
inline std::string key(int i) {
  const std::string digits = std::to_string(i);
  return "k" + std::string(9 - std::min<std::size_t>(9, digits.size()), '0') + digits;
}

/// Bytes in use on the heap.
inline std::size_t heap() {
  const struct mallinfo2 now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
}

/// Bytes: "VmRSS", resident now, or "VmHWM", at the most since forget_peak().
inline std::size_t resident(const std::string& what) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (std::size_t kilobytes = 0; word == what + ":" && status >> kilobytes) return 1024 * kilobytes;
  return 0;
}
inline void forget_peak() { std::ofstream("/proc/self/clear_refs") << 5; }

inline double cpu_seconds() {
  struct rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

inline double seconds_since(clock::time_point start) { return std::chrono::duration<double>(clock::now() - start).count(); }

/// Does what is measured so many times, and returns how many units that was: calls, keys or operations.
using player = std::function<std::size_t(std::size_t times)>;

using figures = std::vector<std::pair<std::string, double>>;

inline double median(std::vector<double> all) {
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::ranges::nth_element(all, middle);
  return *middle;
}

inline void wait_for_a_line(const char* said) {
  std::cout << said << std::endl;
  std::string line;
  std::getline(std::cin, line);
}

/// Plays slices of a fifth of `seconds`: as many as fill it, or one that takes longer.
inline figures measure(const player& play, double seconds) {
  std::size_t times = 1;
  for (;;) {
    const auto start = clock::now();
    play(times);
    const double took = seconds_since(start);
    if (took * 2 >= seconds / 5) break;
    const double wanted = static_cast<double>(times) * seconds / 5 / took;
    times = std::max(2 * times, std::min(16 * times, static_cast<std::size_t>(wanted)));
  }
  wait_for_a_line("ready");
  std::vector<double> microseconds;
  std::size_t all_units = 0;
  const double cpu_before = cpu_seconds();
  const auto begun = clock::now();
  do {
    const auto start = clock::now();
    const std::size_t units = play(times);
    microseconds.push_back(1e6 * seconds_since(start) / static_cast<double>(units));
    all_units += units;
  } while (seconds_since(begun) < seconds * 0.9);
  return {{"us", median(microseconds)}, {"client_us", 1e6 * (cpu_seconds() - cpu_before) / static_cast<double>(all_units)},
          {"units", static_cast<double>(all_units)}};
}

inline void tell(const figures& all) {
  std::ostringstream json;
  for (const auto& [name, figure] : all) json << (json.tellp() == 0 ? "{" : ", ") << '"' << name << "\": " << figure;
  wait_for_a_line((json.str() + "}").c_str());
}

}  // namespace growth
