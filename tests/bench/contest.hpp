#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What tools/cachecmp and a contender that is a program say to each other; worker.py is the same in Python.
///
/// The program says "ready VERB VERB ...". Then it reads lines VERB STEM KEYS KEY_SIZE VALUE_SIZE CALLS and answers each
/// with the seconds that a call took, or "failed WHY".
namespace contest {

struct round {
  std::string verb, stem;
  int keys = 0, key_size = 0, value_size = 0, calls = 0;

  /// The i-th key.
  std::string key(int i) const {
    const std::string digits = std::to_string(i);
    const std::size_t wanted = static_cast<std::size_t>(key_size);
    return stem + std::string(wanted - std::min(wanted, stem.size() + digits.size()), '0') + digits;
  }
  std::vector<std::string> all_keys() const {
    std::vector<std::string> all;
    for (int i = 0; i < keys; ++i) all.push_back(key(i));
    return all;
  }
  std::string value() const { return std::string(static_cast<std::size_t>(value_size), verb == "incr" ? '0' : 'x'); }
};

/// 64 choices of 1 to 50 keys out of `keys`, as indices; the same ones every time, and in cases.py.
inline std::vector<std::vector<int>> random_picks(int keys) {
  std::uint32_t state = 1;
  std::vector<std::vector<int>> picks(64);
  for (auto& pick : picks) {
    state = (state * 1103515245U + 12345U) & 0x7FFFFFFFU;
    const int size = 1 + static_cast<int>((state >> 8) % 50);
    const int start = static_cast<int>((state >> 16) % static_cast<unsigned>(keys));
    for (int j = 0; j < size; ++j) pick.push_back((start + 37 * j) % keys);
  }
  return picks;
}

/// Looks at what a call brought, as its user would: whether it has the size and the last byte of what was stored.
inline bool is_value(std::string_view found, std::string_view stored) {
  return found.size() == stored.size() && (stored.empty() || found.back() == stored.back());
}

/// Makes a round's call: gets ready for it, untimed, and returns what is timed and repeated.
using verbs = std::map<std::string, std::function<std::function<void()>(const round&)>>;

inline void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

inline int answer_rounds(const verbs& all) {
  std::cout << "ready";
  for (const auto& [verb, make] : all) std::cout << ' ' << verb;
  std::cout << std::endl;
  std::map<std::string, std::function<void()>> calls;
  for (std::string line; std::getline(std::cin, line);) try {
      round r;
      std::istringstream(line) >> r.verb >> r.stem >> r.keys >> r.key_size >> r.value_size >> r.calls;
      auto& call = calls[r.verb + r.stem];
      // A deleted key has to be stored again.
      if (!call || r.verb == "delete") {
        call = all.at(r.verb)(r);
        if (r.verb != "delete") call();
      }
      const auto start = std::chrono::steady_clock::now();
      for (int i = 0; i < r.calls; ++i) call();
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      std::cout << took.count() / r.calls << std::endl;
    } catch (const std::exception& e) {
      std::cout << "failed " << e.what() << std::endl;
    }
  return 0;
}

}  // namespace contest
