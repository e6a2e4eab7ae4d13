#pragma once

#include "cli/histogram.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace cli {

/// What a benchmark is to do.
struct bench_plan {
  std::uint64_t clients = 1;
  std::uint64_t depth = 64;                       ///< calls in flight of each client
  std::uint64_t gets = 9;                         ///< so many of these
  std::uint64_t sets = 1;                         ///< on so many of those
  std::uint64_t value_size = 100;
  std::uint64_t keys = 10000;
  std::uint64_t multi = 0;                        ///< keys of a get_multi; 0: plain gets
  std::uint64_t threads = 1;
  double seconds = 5;
  std::optional<std::uint64_t> calls = {};        ///< so many instead of so long
};

/// What became of calls, counted by one client or added up over all. Every key that was asked for or stored is a hit,
/// a miss, stored or an error.
struct bench_tally {
  std::uint64_t calls = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t stored = 0;
  std::uint64_t errors = 0;
  std::uint64_t wrong = 0;                        ///< hits with a value that is not the key's
  std::string first_wrong = {};
  std::map<std::string, std::uint64_t> messages = {};  ///< of the errors
  histogram gets = {};                            ///< of calls without an error
  histogram sets = {};

  std::uint64_t keys() const noexcept { return hits + misses + stored + errors; }

  void add(const bench_tally& other) {
    calls += other.calls;
    hits += other.hits;
    misses += other.misses;
    stored += other.stored;
    errors += other.errors;
    wrong += other.wrong;
    if (first_wrong.empty()) first_wrong = other.first_wrong;
    for (const auto& [text, times] : other.messages) messages[text] += times;
    gets.merge(other.gets);
    sets.merge(other.sets);
  }
};

/// What was measured.
struct bench_result {
  bench_tally total = {};
  double seconds = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::size_t left_behind = 0;                    ///< keys that could not be deleted
  bool interrupted = false;
};

}  // namespace cli
