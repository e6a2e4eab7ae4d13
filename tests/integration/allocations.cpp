// A call that is refused memory fails, and the client goes on.

#include <catch2/catch.hpp>

#include <climits>
#include <memory>
#include <new>
#include <string>

#include "support/allocations.hpp"
#include "support/in_every_style.hpp"
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
  const std::string server = shared_server(false).address();
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
