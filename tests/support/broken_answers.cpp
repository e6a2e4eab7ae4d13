#include "support/broken_answers.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace cmemcache::test {

namespace {

/// Reads up to the closing quote.
std::string quoted(std::istream& in) {
  std::string bytes;
  for (char c; in.get(c) && c != '"';) {
    if (c == '\\') {
      in.get(c);
      if (c == 'r') c = '\r';
      else if (c == 'n') c = '\n';
      else if (c == 'x') {
        char digits[3] = {};
        in.read(digits, 2);
        c = static_cast<char>(std::stoi(digits, nullptr, 16));
      }
    }
    bytes += c;
  }
  return bytes;
}

/// `send "bytes" * 3`, and the like.
broken_answer::step read_step(std::istream& in) {
  broken_answer::step s;
  for (char c; in.get(c) && c != ';';) {
    if (c == '"') s.bytes += quoted(in);
    else if (c >= '0' && c <= '9') s.number = s.number * 10 + (c - '0');
    else if (c >= 'a' && c <= 'z') s.verb += c;
    else if (c != ' ' && c != '*') throw std::runtime_error(std::string("broken_answers.txt: unexpected ") + c);
  }
  return s;
}

std::vector<broken_answer> read_file() {
  std::ifstream file(CMEMCACHE_TEST_VECTORS_DIR "/broken_answers.txt");
  std::vector<broken_answer> all;
  std::string line, group;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '[') {
      group = line.substr(1, line.find(']') - 1);
      continue;
    }
    const std::size_t colon = line.find(':');
    broken_answer& b = all.emplace_back(broken_answer{line.substr(0, colon), group, {}});
    for (std::istringstream in(line.substr(colon + 1)); in.peek() != EOF;) b.steps.push_back(read_step(in));
  }
  if (all.empty()) throw std::runtime_error("broken_answers.txt: nothing in it");
  return all;
}

}  // namespace

void broken_answer::play(peer::connection& c) const {
  for (const step& s : steps) {
    if (s.verb == "send") {
      std::string bytes;
      for (int i = 0; i < std::max(s.number, 1); ++i) bytes += s.bytes;
      c.send(bytes);
    } else if (s.verb == "drip") {
      c.drip(s.bytes, s.number);
    } else if (s.verb == "wait") {
      std::this_thread::sleep_for(std::chrono::milliseconds(s.number));
    } else if (s.verb == "serve") {
      serve_gets(c);
    } else if (s.verb == "close") {
      return;
    } else if (s.verb == "reset") {
      return c.reset_on_close();
    } else {
      throw std::runtime_error("broken_answers.txt: no such step: " + s.verb);
    }
  }
  c.wait_for_close();
}

std::vector<broken_answer> broken_answers(std::string_view group) {
  static const std::vector<broken_answer> all = read_file();
  std::vector<broken_answer> some;
  for (const broken_answer& b : all)
    if (group.empty() || b.group == group) some.push_back(b);
  return some;
}

void serve_gets(peer::connection& c) {
  for (std::string line = c.read_until("\r\n"); !line.empty(); line = c.read_until("\r\n")) {
    std::istringstream in(line);
    std::string word, reply;
    for (in >> word; in >> word;) reply += "VALUE " + word + " 0 " + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    c.send(reply + "END\r\n");
  }
}

}  // namespace cmemcache::test
