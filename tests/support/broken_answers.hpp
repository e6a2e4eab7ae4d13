#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/peer.hpp"

namespace cmemcache::test {

/// A script of vectors/broken_answers.txt: what a broken server answers to `get asked`.
struct broken_answer {
  struct step {
    std::string verb, bytes;
    int number = 0;
  };

  std::string name, group;
  std::vector<step> steps;

  /// Plays it to the end, and is then silent until the client closes, unless the script closes.
  void play(peer::connection& c) const;
};

/// Those of one group, or all.
std::vector<broken_answer> broken_answers(std::string_view group = {});

/// Answers every `get`, each key being its own value, until the client closes.
void serve_gets(peer::connection& c);

}  // namespace cmemcache::test
