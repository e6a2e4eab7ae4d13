// The C++ clients as contenders of tools/growth.
//
//     growth NAME VERB COUNT SECONDS ADDRESS,...
//
// NAME: C++blocking, C++blocking/64 (connections), C++async. VERB: get (keys in turn), get_multi, set_multi (COUNT keys),
// in_flight (COUNT gets kept under way), threads (COUNT of them).

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

#include <boost/asio/io_context.hpp>

#include <cmemcache/blocking_client.hpp>
#include <cmemcache/client.hpp>

#include "growth.hpp"

namespace {

using namespace cmemcache;
using growth::player;

void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

// What is asked for, made before memory is looked at.
struct asked {
  explicit asked(int count) {
    for (int i = 0; i < count; ++i) keys.push_back(growth::key(i));
    for (const std::string& key : keys) {
      views.push_back(key);
      pairs.emplace_back(key, value);
    }
  }
  asked(const asked&) = delete;

  const std::string& next() { return keys[turn_++ % keys.size()]; }

  std::string value = std::string(100, 'x');
  std::vector<std::string> keys;
  std::vector<std::string_view> views;
  std::vector<std::pair<std::string_view, std::string_view>> pairs;

 private:
  std::size_t turn_ = 0;
};

std::vector<server> servers_of(const growth::question& q) { return {q.addresses.begin(), q.addresses.end()}; }

client_options patient() {
  client_options options;
  options.timeout = std::chrono::seconds(60);
  return options;
}

class blocking {
 public:
  blocking(const growth::question& q, asked& a, client_options options) : asked_(a), mc_(servers_of(q), std::move(options)) {}

  player play(const std::string& verb, int count) {
    if (verb == "threads") return [this, count](std::size_t times) { return in_threads(count, times); };
    return [this, verb](std::size_t times) {
      for (std::size_t i = 0; i < times; ++i) once(verb);
      return times * (verb == "get" ? 1 : asked_.keys.size());
    };
  }

 private:
  void once(const std::string& verb) {
    if (verb == "get") expect(static_cast<bool>(mc_.get(asked_.next())), "get");
    else if (verb == "get_multi") expect(mc_.get_multi(asked_.views).size() == asked_.keys.size(), "get_multi");
    else if (verb == "set_multi") mc_.set_multi(asked_.pairs);
    else throw std::runtime_error("absent it does not " + verb);
  }

  // The calls are taken from one count, so that all threads end together.
  std::size_t in_threads(int count, std::size_t times) {
    const std::size_t calls = 100 * static_cast<std::size_t>(count) * times;
    std::atomic<std::size_t> taken{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i)
      threads.emplace_back([&] {
        while (taken.fetch_add(1, std::memory_order_relaxed) < calls) expect(static_cast<bool>(mc_.get(asked_.keys[0])), "get");
      });
    threads.clear();
    return calls;
  }

  asked& asked_;
  blocking_client mc_;
};

class async {
 public:
  async(const growth::question& q, asked& a) : asked_(a), mc_(io_, servers_of(q), patient()) {}

  player play(const std::string& verb, int count) {
    if (verb == "in_flight") return [this, count](std::size_t times) { return keep_under_way(count, times); };
    return [this, verb](std::size_t times) {
      for (std::size_t i = 0; i < times; ++i) {
        once(verb);
        run();
      }
      return times * (verb == "get" ? 1 : asked_.keys.size());
    };
  }

  void add_to(growth::figures& all) {
    if (latencies_.empty()) return;
    std::ranges::sort(latencies_);
    for (const std::size_t part : {50U, 99U})
      all.emplace_back("p" + std::to_string(part) + "_us", latencies_[latencies_.size() * part / 100]);
  }

 private:
  // So many gets one after the other.
  struct chain {
    async* of;
    std::size_t left;
    growth::clock::time_point begun{};

    void next() {
      begun = growth::clock::now();
      of->mc_.async_get(of->asked_.next(), [this](error_code ec, const reply& r) {
        expect(!ec && r, "async_get");
        of->latencies_.push_back(1e6 * growth::seconds_since(begun));
        if (--left != 0) next();
      });
    }
  };

  void once(const std::string& verb) {
    const auto all = [](error_code ec, const multi_reply& r) { expect(!ec && r.size() != 0, "async"); };
    if (verb == "get") mc_.async_get(asked_.next(), [](error_code ec, const reply& r) { expect(!ec && r, "async_get"); });
    else if (verb == "get_multi") mc_.async_get_multi(asked_.views, all);
    else if (verb == "set_multi") mc_.async_set_multi(asked_.pairs, all);
    else throw std::runtime_error("absent it does not " + verb);
  }

  std::size_t keep_under_way(int count, std::size_t times) {
    latencies_.clear();
    std::vector<chain> chains(static_cast<std::size_t>(count), chain{this, 3 * times});
    for (chain& c : chains) c.next();
    run();
    return chains.size() * 3 * times;
  }

  void run() {
    io_.restart();
    io_.run();
  }

  asked& asked_;
  boost::asio::io_context io_{1};
  client mc_;
  std::vector<double> latencies_;
};

template <class Contender>
growth::figures figures_of(Contender& contender, std::size_t heap_before, const growth::question& q) {
  const player play = contender.play(q.verb, q.count);
  growth::forget_peak();
  const std::size_t before = growth::resident("VmRSS");
  play(1);
  const auto peak = static_cast<double>(growth::resident("VmHWM") - before);
  for (int i = 0; i < 100 && q.verb == "get"; ++i) play(1);  // each key once
  const auto kept = static_cast<double>(growth::heap() - heap_before);
  growth::figures all = growth::measure(play, q.seconds);
  all.emplace_back("kept", kept);
  all.emplace_back("peak", peak);
  return all;
}

}  // namespace

int main(int argc, char** argv) try {
  const growth::question q(argc, argv);
  asked what(q.verb == "get_multi" || q.verb == "set_multi" ? q.count : 100);
  const std::size_t before = growth::heap();
  if (q.name == "C++async") {
    async contender(q, what);
    growth::figures all = figures_of(contender, before, q);
    contender.add_to(all);
    growth::tell(all);
  } else {
    client_options options = patient();
    if (q.name == "C++blocking/64") options.max_connections = 64;
    blocking contender(q, what, options);
    growth::tell(figures_of(contender, before, q));
  }
} catch (const std::exception& e) {
  std::cout << e.what() << std::endl;
  return 1;
}
