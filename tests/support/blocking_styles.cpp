// `blocking_client`, in each of its two forms.

#include "support/calling_styles.hpp"

#include <cmemcache/blocking_client.hpp>

namespace cmemcache::test {

namespace {

// `ec`: one, or none for the form that throws.
template <class... ErrorCode>
reply by_name(blocking_client& mc, const request& r, ErrorCode&... ec) {
  if (r.noreply) return mc.execute(r, ec...);
  switch (r.op) {
    case verb::get: return mc.get(r.key, ec...);
    case verb::gets: return mc.gets(r.key, ec...);
    case verb::gat: return mc.gat(r.key, r.exptime, ec...);
    case verb::set: return mc.set(r.key, r.value, r.exptime, r.flags, ec...);
    case verb::add: return mc.add(r.key, r.value, r.exptime, r.flags, ec...);
    case verb::replace: return mc.replace(r.key, r.value, r.exptime, r.flags, ec...);
    case verb::append: return mc.append(r.key, r.value, ec...);
    case verb::prepend: return mc.prepend(r.key, r.value, ec...);
    case verb::cas: return mc.cas(r.key, r.value, r.number, r.exptime, r.flags, ec...);
    case verb::incr: return mc.incr(r.key, r.number, ec...);
    case verb::decr: return mc.decr(r.key, r.number, ec...);
    case verb::touch: return mc.touch(r.key, r.exptime, ec...);
    case verb::delete_: return mc.delete_(r.key, ec...);
    default: return mc.execute(r, ec...);
  }
}

template <bool Throws>
class blocking_style final : public calling_style {
 public:
  blocking_style(std::vector<server> servers, const client_options& options) : mc_(std::move(servers), options) {}

  result<reply> one(const request& what) override {
    return call<reply>([&](auto&... ec) { return by_name(mc_, what, ec...); });
  }
  result<multi_reply> get_multi(std::span<const std::string_view> keys) override {
    return call<multi_reply>([&](auto&... ec) { return mc_.get_multi(keys, ec...); });
  }
  result<multi_reply> set_multi(pairs what, std::int64_t exptime, std::uint32_t flags) override {
    return call<multi_reply>([&](auto&... ec) { return mc_.set_multi(what, exptime, flags, ec...); });
  }
  result<multi_reply> delete_multi(std::span<const std::string_view> keys) override {
    return call<multi_reply>([&](auto&... ec) { return mc_.delete_multi(keys, ec...); });
  }
  result<multi_reply> execute_multi(std::span<const request> what) override {
    return call<multi_reply>([&](auto&... ec) { return mc_.execute_multi(what, ec...); });
  }
  result<> flush_all(std::uint64_t delay) override {
    const auto [ec, nothing] = call<bool>([&](auto&... e) { return mc_.flush_all(delay, e...), true; });
    return {ec};
  }
  result<std::vector<server_stats>> version() override {
    return call<std::vector<server_stats>>([&](auto&... ec) { return mc_.version(ec...); });
  }
  result<std::vector<server_stats>> stats(std::string_view sort) override {
    return call<std::vector<server_stats>>([&](auto&... ec) { return mc_.stats(sort, ec...); });
  }

 private:
  template <class Result>
  static result<Result> call(auto&& made) {
    if constexpr (Throws) {
      try {
        return {error_code(), made()};
      } catch (const error& e) {
        return {e.code(), Result()};
      }
    } else {
      error_code ec = errc::closed;  // success clears it
      Result got = made(ec);
      return {ec, std::move(got)};
    }
  }

  blocking_client mc_;
};

}  // namespace

std::vector<style> blocking_styles() {
  return {{.name = "blocking, error_code", .make = make_style<blocking_style<false>>},
          {.name = "blocking, throwing", .make = make_style<blocking_style<true>>, .throws = true}};
}

std::vector<style> every_style() {
  std::vector<style> all = blocking_styles();
  for (style& s : async_styles()) all.push_back(std::move(s));
  return all;
}

}  // namespace cmemcache::test
