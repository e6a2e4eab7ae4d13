// A C++ worker of tools/soak.
//
//     worker STYLE SEED TIMEOUT DEAD_RETRY PACE PROXIES PORTS
//
// Times are seconds. worker.py says what the arguments are, what is read and what is said; this one does the same for
// blocking_client, from eight threads, and for client: coroutines, callbacks and futures at once.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <cmemcache/cmemcache.hpp>

#include "styles.hpp"

namespace {

using namespace soak;
using namespace std::chrono_literals;
using cmemcache::request;
using cmemcache::verb;

void say(const std::string& line) {
  const std::string whole = line + '\n';
  if (::write(1, whole.data(), whole.size()) < 0) std::_Exit(1);
}

template <class T>
std::vector<T> list(const std::string& text) {
  std::vector<T> found;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');) std::istringstream(word) >> found.emplace_back();
  return found;
}

class worker {
 public:
  worker(station& s, style& way, duration timeout, duration dead_retry)
      : station_(s), style_(way), timeout_(timeout), settling_(timeout + dead_retry + 100ms), back_(s.servers.size()) {}

  void listen() {
    for (std::string line; std::getline(std::cin, line);) {
      hear(line);
      say("ack " + line);
    }
    std::_Exit(1);  // the conductor is gone
  }

  void report() {
    for (int turn = 0;; ++turn) {
      std::this_thread::sleep_for(100ms);
      reap();
      look_who_is_back();
      look_who_is_dead();
      if (turn % 5 == 0) report_now("");
    }
  }

  void report_now(const std::string& more) {
    std::ostringstream out;
    out << '{' << station_.counts.report() << ",\"back\":[";
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < back_.size(); ++i) out << (i == 0 ? "" : ",") << back_[i];
      out << "],\"since\":\"" << since_ << '"' << more << '}';
    }
    say(out.str());
  }

  /// The style is about to go.
  void over() {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }

  bool has_children() const { return children_ > 0; }

 private:
  void hear(const std::string& line) {
    std::istringstream in(line);
    std::string word;
    in >> word;
    if (word == "faulty") {
      unsigned bits = 0;
      for (unsigned i = 0; in >> i;) bits |= 1U << i;
      station_.exempt = bits;
    } else if (word == "clean") {
      const std::lock_guard lock(mutex_);
      clean_since_ = steady::now();
      in >> since_;
      answered_before_.clear();
      back_.assign(back_.size(), 0);
    } else if (word == "losing") {
      bool losing = false;
      in >> losing;
      station_.behind.servers_lose(losing);
    } else if (word == "servers") {
      std::vector<cmemcache::server> servers;
      for (std::string address; in >> address;) servers.emplace_back(address);
      style_.set_servers(servers);
    } else if (word == "disconnect") {
      style_.disconnect_all();
    } else if (word == "fork") {
      fork_child();
    } else if (word == "check") {
      ++station_.checks;
    } else if (word == "pause" || word == "go") {
      station_.paused = word == "pause";
    } else if (word == "stop") {
      station_.paused = false;
      station_.stopping = true;
    }
  }

  // A server that nothing is wrong with is not marked dead.
  void look_who_is_dead() {
    const std::lock_guard lock(mutex_);
    const unsigned exempt = station_.exempt;
    const auto marks = by_client([](const auto& c) { return c.marked_dead; });
    for (std::size_t client = 0; client < marks.size() && client < marks_.size(); ++client)
      for (std::size_t i = 0; i < back_.size(); ++i)
        if (marks[client][i] > marks_[client][i] && ((exempt | exempt_before_) >> i & 1U) == 0)
          station_.counts.harmed(steady::now() - timeout_, steady::now(), station_.servers[i] + " marked dead");
    marks_ = marks;
    exempt_before_ = exempt;
  }

  void look_who_is_back() {
    const std::lock_guard lock(mutex_);
    const time_point now = steady::now();
    if (over_ || clean_since_ == time_point{} || now < clean_since_ + settling_) return;
    const auto answered = by_client([](const auto& c) { return c.hits + c.misses + c.stores; });
    if (answered_before_.empty()) answered_before_ = answered;
    for (std::size_t i = 0; i < back_.size(); ++i) {
      const auto grown = [&](std::size_t client) { return answered[client][i] > answered_before_[client][i]; };
      bool all = true;
      for (std::size_t client = 0; client < answered.size(); ++client) all = all && grown(client);
      if (all && back_[i] == 0) back_[i] = std::chrono::duration<double>(now - clean_since_).count();
    }
  }

  // A figure of each client about each server; none when the clients are gone.
  template <class Figure>
  std::vector<std::vector<std::uint64_t>> by_client(Figure figure) const {
    std::vector<std::vector<std::uint64_t>> all;
    if (over_) return all;
    for (const auto& figures : style_.counters()) {
      auto& mine = all.emplace_back(station_.servers.size());
      for (const auto& c : figures) {
        const auto at = std::find(station_.servers.begin(), station_.servers.end(), c.server) - station_.servers.begin();
        if (static_cast<std::size_t>(at) < mine.size()) mine[static_cast<std::size_t>(at)] = figure(c);
      }
    }
    return all;
  }

  void fork_child() {
    const std::string name = station_.values.name() + "-child" + std::to_string(++forks_);
    ++children_;
    if (const pid_t pid = ::fork(); pid != 0) {
      const std::lock_guard lock(mutex_);
      pids_.push_back(pid);
      return;
    }
    ::alarm(40);  // ends one that hangs
    std::_Exit(child(name));
  }

  // Failures may happen in it; the values must be right.
  int child(const std::string& name) {
    writer own(name);
    chance dice{static_cast<std::uint64_t>(::getpid())};
    for (int n = 0; n < 20; ++n) {
      const std::string key = "soak:child:" + name + ':' + std::to_string(n % 5);
      const std::string value = own.value(key, some_length(dice), dice);
      style_.call_in_child({.op = verb::set, .key = key, .value = value, .exptime = 60});
      for (const std::string& k : {key, "soak:shared:" + std::to_string(up_to(dice, 199))}) {
        const auto r = style_.call_in_child({.op = verb::get, .key = k});
        if (r.status != cmemcache::status::hit) continue;
        if (const auto wrong = own.complaint(k, r.value); !wrong.empty()) {
          const std::string text = name + ": " + wrong + '\n';
          return ::write(2, text.data(), text.size()) < 0 ? 3 : 2;
        }
      }
    }
    return 0;
  }

  void reap() {
    const std::lock_guard lock(mutex_);
    std::erase_if(pids_, [this](pid_t pid) {
      int ended = 0;
      if (::waitpid(pid, &ended, WNOHANG) == 0) return false;
      station_.counts.count("forks");
      --children_;
      if (ended != 0)
        station_.counts.note(WIFEXITED(ended) && WEXITSTATUS(ended) == 2 ? "wrong" : "broken",
                             "a forked child ended with " + std::to_string(ended));
      return true;
    });
  }

  station& station_;
  style& style_;
  const duration timeout_;
  const duration settling_;
  std::mutex mutex_;
  time_point clean_since_{};
  std::string since_;  // the conductor's name for it
  std::vector<std::vector<std::uint64_t>> answered_before_;
  std::vector<double> back_;  // seconds after the faults were over; 0: not yet
  std::vector<std::vector<std::uint64_t>> marks_;
  unsigned exempt_before_ = 0;
  bool over_ = false;
  std::vector<pid_t> pids_;
  std::atomic<int> children_{0};
  int forks_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 8) throw std::runtime_error("usage: worker STYLE SEED TIMEOUT DEAD_RETRY PACE PROXIES PORTS");
  const std::string name = argv[1];
  const auto timeout = of_seconds(std::stod(argv[3])), dead_retry = of_seconds(std::stod(argv[4]));
  const auto as_ms = [](duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d); };
  const cmemcache::client_options options{
      .connect_timeout = as_ms(timeout / 2), .timeout = as_ms(timeout), .dead_retry = as_ms(dead_retry)};
  station all(name, timeout, list<std::string>(argv[6]), list<std::uint16_t>(argv[7]));
  std::unique_ptr<style> way;
  if (name == "cpp-blocking") way = std::make_unique<blocking_style>(all, options);
  else way = std::make_unique<async_style>(all, options);

  worker w(all, *way, timeout, dead_retry);
  std::thread([&] { all.counts.sleep_on(); }).detach();
  std::thread([&] { all.behind.verify_on(); }).detach();
  std::thread([&] { w.listen(); }).detach();
  std::thread([&] { w.report(); }).detach();
  way->run(std::stoull(argv[2]), of_seconds(std::stod(argv[5])));
  while (w.has_children()) std::this_thread::sleep_for(100ms);
  w.over();
  way.reset();
  std::this_thread::sleep_for(1100ms);  // the last suspects are judged after a second
  w.report_now(",\"ended\":true");
  std::_Exit(0);
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
