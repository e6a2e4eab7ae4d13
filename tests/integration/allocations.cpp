// A call that is refused memory fails, and the client goes on.

#include <catch2/catch.hpp>

#include <climits>
#include <deque>
#include <memory>
#include <new>
#include <string>

#include <boost/asio/io_context.hpp>

#include <cmemcache/client.hpp>

#include "support/allocations.hpp"
#include "support/in_every_style.hpp"
#include "support/outcome.hpp"
#include "support/story.hpp"

using namespace cmemcache;
using namespace cmemcache::test;

namespace {

// The calls of another, of whose requests for memory one is refused. What is thrown then leaves everything in doubt.
class short_of_memory final : public calling_style {
 public:
  explicit short_of_memory(calling_style& mc) : mc_(mc) {}

  void refuse_at(long n) { left_ = n; }
  long left() const noexcept { return left_; }

  result<reply> one(const request& what) override {
    return call<reply>([&] { return mc_.one(what); });
  }
  result<multi_reply> get_multi(std::span<const std::string_view> keys) override {
    return call<multi_reply>([&] { return mc_.get_multi(keys); });
  }
  result<multi_reply> set_multi(pairs what, std::int64_t exptime, std::uint32_t flags) override {
    return call<multi_reply>([&] { return mc_.set_multi(what, exptime, flags); });
  }
  result<multi_reply> delete_multi(std::span<const std::string_view> keys) override {
    return call<multi_reply>([&] { return mc_.delete_multi(keys); });
  }
  result<multi_reply> execute_multi(std::span<const request> what) override {
    return call<multi_reply>([&] { return mc_.execute_multi(what); });
  }
  result<> flush_all(std::uint64_t delay) override {
    return call<>([&] { return mc_.flush_all(delay); });
  }
  result<std::vector<server_stats>> version() override {
    return call<std::vector<server_stats>>([&] { return mc_.version(); });
  }
  result<std::vector<server_stats>> stats(std::string_view sort) override {
    return call<std::vector<server_stats>>([&] { return mc_.stats(sort); });
  }

 private:
  template <class... Results>
  result<Results...> call(auto&& made) {
    try {
      const allocations::counted count(left_);
      return made();
    } catch (const std::bad_alloc&) {
      return {errc::in_doubt, Results()...};
    }
  }

  calling_style& mc_;
  long left_ = LONG_MAX;
};

}  // namespace

TEST_CASE("a blocking call without memory fails, and the client goes on", "[allocations]") {
  const style by = GENERATE(from_range(blocking_styles()));
  const std::string server = shared_server(transport::tcp).address();
  static int runs = 0;
  const auto tell = [&](calling_style& mc) {
    story s(mc, "m" + std::to_string(++runs) + ":", 300'000);
    s.tell();
    return s;
  };
  const story plain = tell(*by.make({server}, {}));
  long refusals = 0;
  for (long n = 0;; ++n) {
    const auto mc = by.make({server}, {.timeout = std::chrono::seconds(10), .dead_retry = std::chrono::seconds(0)});
    short_of_memory calls(*mc);
    calls.refuse_at(n);
    INFO(by.name << ": request " << n << " for memory");
    CHECK(tell(calls).complaints() == "");
    if (calls.left() >= 0) break;
    ++refusals;
    const story after = tell(*mc);
    CHECK(after.complaints() == "");
    CHECK(after.answers() == plain.answers());
  }
  CHECK(refusals > 10);
}

namespace {

// Asynchronous calls, one after another, of whose requests for memory one is refused: in the function that starts a call,
// or in run(), which is then run again.
class short_of_memory_later {
 public:
  short_of_memory_later(const server& where, long n)
      : mc_(io_, {where}, {.timeout = std::chrono::milliseconds(100), .dead_retry = std::chrono::seconds(0)}), left_(n) {}

  long left() const noexcept { return left_; }

  // The call's outcome; null when starting it threw.
  template <class Result>
  const outcome<Result>* call(auto&& start) {
    auto made = std::make_shared<outcome<Result>>();
    kept_.push_back(made);
    try {
      const allocations::counted count(left_);
      start(mc_, *made);
    } catch (const std::bad_alloc&) {
      CHECK(made->completions == 0);
      return nullptr;
    }
    for (bool ran = false; !ran;) {
      try {
        const allocations::counted count(left_);
        io_.restart();
        io_.run_for(std::chrono::seconds(5));
        ran = true;
      } catch (const std::bad_alloc&) {
      }
    }
    CHECK(made->completions == 1);
    return made.get();
  }

  // Whether every call had its answer. Each value is checked, whatever became of the others.
  bool tell(const std::string& prefix) {
    const std::string small = prefix + "small", large = prefix + "large", bytes(50'000, 'b');
    std::vector<std::string> names;
    for (int i = 0; i < 40; ++i) names.push_back(prefix + std::to_string(i));
    std::vector<std::pair<std::string_view, std::string_view>> pairs;
    for (const std::string& name : names) pairs.emplace_back(name, name);
    const std::vector<std::string_view> keys(names.begin(), names.end());
    bool good = true;
    const auto one = [&](const request& what, status expected, std::string_view value = {}) {
      const auto* got = call<reply>([&](client& mc, answer& to) { mc.async_execute(what, into(to)); });
      if (got != nullptr && got->got.status == status::hit) CHECK(got->got.value == value);
      good &= got != nullptr && !got->ec && got->got.status == expected;
    };
    one({.op = verb::set, .key = small, .value = small}, status::stored);
    one({.op = verb::get, .key = small}, status::hit, small);
    one({.op = verb::set, .key = large, .value = bytes}, status::stored);
    one({.op = verb::get, .key = large}, status::hit, bytes);
    one({.op = verb::incr, .key = prefix, .number = 1}, status::not_found);
    const auto* stored = call<multi_reply>([&](client& mc, answers& to) { mc.async_set_multi(pairs, into(to)); });
    good &= stored != nullptr && !stored->ec;
    const auto* found = call<multi_reply>([&](client& mc, answers& to) { mc.async_get_multi(keys, into(to)); });
    good &= found != nullptr && !found->ec && found->got.size() == keys.size();
    for (std::size_t i = 0; found != nullptr && i < found->got.size(); ++i)
      if (found->got[i].status == status::hit) CHECK(found->got[i].value == keys[i]);
    using versions = std::vector<server_stats>;
    const auto* version =
        call<versions>([&](client& mc, outcome<versions>& to) { mc.async_version(into(to)); });
    good &= version != nullptr && !version->ec && version->got.size() == 1;
    return good;
  }

 private:
  boost::asio::io_context io_;
  client mc_;
  long left_;
  std::deque<std::shared_ptr<void>> kept_;
};

}  // namespace

TEST_CASE("an asynchronous call without memory fails, or throws, and the client goes on", "[allocations]") {
  const std::string server = shared_server(transport::tcp).address();
  long refusals = 0;
  for (long n = 0;; ++n) {
    short_of_memory_later calls(server, n);
    INFO("request " << n << " for memory");
    calls.tell("a" + std::to_string(n) + ":");
    if (calls.left() >= 0) break;
    ++refusals;
    // Where Asio itself is refused, before it calls anybody, a wait is lost, and made good for by deadlines.
    bool recovered = false;
    for (const std::string when : {"b", "c", "d"}) recovered = recovered || calls.tell(when + std::to_string(n) + ":");
    CHECK(recovered);
  }
  CHECK(refusals > 30);
}
