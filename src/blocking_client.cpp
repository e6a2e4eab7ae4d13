#include <cmemcache/blocking_client.hpp>

#include <algorithm>
#include <exception>

#include "blocking_engine.hpp"
#include "commands.hpp"
#include "multi_reply_access.hpp"
#include "session/results.hpp"

namespace cmemcache {

using protocol::command;
using protocol::element;

namespace {

// The two forms of every call: `f` tells its trouble, which is thrown here, or reported there.
template <class Call>
auto or_throw(Call&& f) {
  failure trouble;
  auto answer = f(trouble);
  if (trouble.code) throw error(trouble.code, trouble.server, trouble.text);
  return answer;
}

template <class Call>
auto or_report(error_code& ec, Call&& f) {
  failure trouble;
  auto answer = f(trouble);
  ec = trouble.code;
  return answer;
}

// The answer to one request. A large value is received into the reply, so that it is held once; a small one is cheaper copied
// than a string is filled with zeros for it.
class one_answer final : public session::results {
 public:
  explicit one_answer(reply& out) noexcept : results({&answer_, 1}, small_), out_(out) {}

  char* place(std::uint32_t slot, std::size_t size) noexcept override {
    if (size < sizeof small_) return results::place(slot, size);
    try {
      out_.value.resize(size);
      return out_.value.data();
    } catch (const std::exception&) {  // no memory, or longer than a string can be
      return nullptr;
    }
  }

  void fill_in() {
    out_.status = answer_.status;
    out_.flags = answer_.flags;
    out_.cas = answer_.cas;
    out_.number = answer_.number;
    if (answer_.value.data() != out_.value.data()) out_.value = std::string(answer_.value);
  }

 private:
  reply& out_;
  item answer_;
  char small_[1024];
};

reply run_one(blocking_engine& engine, const request& what, failure& trouble) {
  trouble = {};
  reply out;
  if (!has_key(what.op)) {
    trouble = {errc::bad_argument, {}, std::string(to_string(what.op)) + " is not about one key"};
    return out;
  }
  one_answer answers(out);
  element e = element_of(what, 0);
  call c;
  engine.run(command_of(what, engine.options()), {&e, 1}, answers, c);
  if (!answers.refusals().empty()) trouble = describe(answers.refusals().front(), what.op, what.key);
  else if (!c.failures.empty()) trouble = std::move(c.failures.front());
  if (trouble.code) out = {};  // an answer beside nonsense is not to be relied on
  else answers.fill_in();
  return out;
}

}  // namespace

blocking_client::blocking_client(std::vector<server> servers, client_options options)
    : engine_(std::make_unique<blocking_engine>(std::move(servers), std::move(options))) {}

blocking_client::~blocking_client() = default;
blocking_client::blocking_client(blocking_client&&) noexcept = default;
blocking_client& blocking_client::operator=(blocking_client&&) noexcept = default;

reply blocking_client::execute(const request& what) {
  return or_throw([&](failure& trouble) { return run_one(*engine_, what, trouble); });
}

reply blocking_client::execute(const request& what, error_code& ec) {
  return or_report(ec, [&](failure& trouble) { return run_one(*engine_, what, trouble); });
}

// Each verb is a request; both forms hand it to execute.

reply blocking_client::get(std::string_view key) { return execute({.op = verb::get, .key = key}); }
reply blocking_client::get(std::string_view key, error_code& ec) { return execute({.op = verb::get, .key = key}, ec); }

reply blocking_client::gets(std::string_view key) { return execute({.op = verb::gets, .key = key}); }
reply blocking_client::gets(std::string_view key, error_code& ec) {
  return execute({.op = verb::gets, .key = key}, ec);
}

reply blocking_client::gat(std::string_view key, std::int64_t exptime) {
  return execute({.op = verb::gat, .key = key, .exptime = exptime});
}
reply blocking_client::gat(std::string_view key, std::int64_t exptime, error_code& ec) {
  return execute({.op = verb::gat, .key = key, .exptime = exptime}, ec);
}

reply blocking_client::set(std::string_view key, std::string_view value, std::int64_t exptime, std::uint32_t flags) {
  return execute({.op = verb::set, .key = key, .value = value, .flags = flags, .exptime = exptime});
}
reply blocking_client::set(std::string_view key, std::string_view value, std::int64_t exptime, std::uint32_t flags,
                           error_code& ec) {
  return execute({.op = verb::set, .key = key, .value = value, .flags = flags, .exptime = exptime}, ec);
}

reply blocking_client::add(std::string_view key, std::string_view value, std::int64_t exptime, std::uint32_t flags) {
  return execute({.op = verb::add, .key = key, .value = value, .flags = flags, .exptime = exptime});
}
reply blocking_client::add(std::string_view key, std::string_view value, std::int64_t exptime, std::uint32_t flags,
                           error_code& ec) {
  return execute({.op = verb::add, .key = key, .value = value, .flags = flags, .exptime = exptime}, ec);
}

reply blocking_client::replace(std::string_view key, std::string_view value, std::int64_t exptime,
                               std::uint32_t flags) {
  return execute({.op = verb::replace, .key = key, .value = value, .flags = flags, .exptime = exptime});
}
reply blocking_client::replace(std::string_view key, std::string_view value, std::int64_t exptime,
                               std::uint32_t flags, error_code& ec) {
  return execute({.op = verb::replace, .key = key, .value = value, .flags = flags, .exptime = exptime}, ec);
}

reply blocking_client::append(std::string_view key, std::string_view value) {
  return execute({.op = verb::append, .key = key, .value = value});
}
reply blocking_client::append(std::string_view key, std::string_view value, error_code& ec) {
  return execute({.op = verb::append, .key = key, .value = value}, ec);
}

reply blocking_client::prepend(std::string_view key, std::string_view value) {
  return execute({.op = verb::prepend, .key = key, .value = value});
}
reply blocking_client::prepend(std::string_view key, std::string_view value, error_code& ec) {
  return execute({.op = verb::prepend, .key = key, .value = value}, ec);
}

reply blocking_client::cas(std::string_view key, std::string_view value, std::uint64_t unique, std::int64_t exptime,
                           std::uint32_t flags) {
  return execute(
      {.op = verb::cas, .key = key, .value = value, .flags = flags, .exptime = exptime, .number = unique});
}
reply blocking_client::cas(std::string_view key, std::string_view value, std::uint64_t unique, std::int64_t exptime,
                           std::uint32_t flags, error_code& ec) {
  return execute(
      {.op = verb::cas, .key = key, .value = value, .flags = flags, .exptime = exptime, .number = unique}, ec);
}

reply blocking_client::incr(std::string_view key, std::uint64_t delta) {
  return execute({.op = verb::incr, .key = key, .number = delta});
}
reply blocking_client::incr(std::string_view key, std::uint64_t delta, error_code& ec) {
  return execute({.op = verb::incr, .key = key, .number = delta}, ec);
}

reply blocking_client::decr(std::string_view key, std::uint64_t delta) {
  return execute({.op = verb::decr, .key = key, .number = delta});
}
reply blocking_client::decr(std::string_view key, std::uint64_t delta, error_code& ec) {
  return execute({.op = verb::decr, .key = key, .number = delta}, ec);
}

reply blocking_client::touch(std::string_view key, std::int64_t exptime) {
  return execute({.op = verb::touch, .key = key, .exptime = exptime});
}
reply blocking_client::touch(std::string_view key, std::int64_t exptime, error_code& ec) {
  return execute({.op = verb::touch, .key = key, .exptime = exptime}, ec);
}

reply blocking_client::delete_(std::string_view key) { return execute({.op = verb::delete_, .key = key}); }
reply blocking_client::delete_(std::string_view key, error_code& ec) {
  return execute({.op = verb::delete_, .key = key}, ec);
}

// ---- many keys

multi_reply blocking_client::run_many(const command& what, std::span<element> elements, failure& trouble) {
  trouble = {};
  if (elements.empty()) return {};
  std::vector<std::string_view> keys(elements.size());
  for (const element& e : elements) keys[e.slot] = e.key;
  std::vector<item> items(elements.size());
  session::results answers(items);
  call c;
  engine_->run(what, elements, answers, c);
  std::vector<failure> failures;
  for (const auto& r : answers.refusals()) failures.push_back(describe(r, what.op, keys[r.slot]));
  std::ranges::move(c.failures, std::back_inserter(failures));
  if (!failures.empty()) trouble = failures.front();
  return multi_reply_access::make(std::move(items), answers.memory().release(), std::move(failures));
}

multi_reply blocking_client::run_keys(verb op, std::span<const std::string_view> keys, failure& trouble) {
  std::vector<element> elements = elements_of(keys);
  return run_many(command_of({.op = op}, engine_->options()), elements, trouble);
}

multi_reply blocking_client::execute_multi(std::span<const request> what, failure& trouble) {
  std::vector<element> elements = elements_of(what);
  return run_many(command_of(what.empty() ? request{} : what.front(), engine_->options()), elements, trouble);
}

multi_reply blocking_client::set_multi(std::span<const std::pair<std::string_view, std::string_view>> pairs,
                                       std::int64_t exptime, std::uint32_t flags, failure& trouble) {
  std::vector<element> elements = elements_of(pairs, flags);
  return run_many(command_of({.op = verb::set, .exptime = exptime}, engine_->options()), elements, trouble);
}

multi_reply blocking_client::get_multi(std::span<const std::string_view> keys) {
  return or_throw([&](failure& trouble) { return run_keys(verb::get, keys, trouble); });
}
multi_reply blocking_client::get_multi(std::span<const std::string_view> keys, error_code& ec) {
  return or_report(ec, [&](failure& trouble) { return run_keys(verb::get, keys, trouble); });
}

multi_reply blocking_client::delete_multi(std::span<const std::string_view> keys) {
  return or_throw([&](failure& trouble) { return run_keys(verb::delete_, keys, trouble); });
}
multi_reply blocking_client::delete_multi(std::span<const std::string_view> keys, error_code& ec) {
  return or_report(ec, [&](failure& trouble) { return run_keys(verb::delete_, keys, trouble); });
}

multi_reply blocking_client::execute_multi(std::span<const request> what) {
  return or_throw([&](failure& trouble) { return execute_multi(what, trouble); });
}
multi_reply blocking_client::execute_multi(std::span<const request> what, error_code& ec) {
  return or_report(ec, [&](failure& trouble) { return execute_multi(what, trouble); });
}

multi_reply blocking_client::set_multi(std::span<const std::pair<std::string_view, std::string_view>> pairs,
                                       std::int64_t exptime, std::uint32_t flags) {
  return or_throw([&](failure& trouble) { return set_multi(pairs, exptime, flags, trouble); });
}
multi_reply blocking_client::set_multi(std::span<const std::pair<std::string_view, std::string_view>> pairs,
                                       std::int64_t exptime, std::uint32_t flags, error_code& ec) {
  return or_report(ec, [&](failure& trouble) { return set_multi(pairs, exptime, flags, trouble); });
}

// ---- all servers

std::vector<server_stats> blocking_client::ask_all(const command& what, failure& trouble) {
  call c;
  auto out = engine_->ask_all(what, c);
  trouble = c.failures.empty() ? failure{} : std::move(c.failures.front());
  return out;
}

std::vector<server_stats> blocking_client::ask_all(const command& what, error_code& ec) {
  return or_report(ec, [&](failure& trouble) { return ask_all(what, trouble); });
}

void blocking_client::flush_all(std::uint64_t delay) {
  or_throw([&](failure& trouble) { return ask_all({.op = verb::flush_all, .delay = delay}, trouble); });
}
void blocking_client::flush_all(std::uint64_t delay, error_code& ec) {
  ask_all({.op = verb::flush_all, .delay = delay}, ec);
}

std::vector<server_stats> blocking_client::version() {
  return or_throw([&](failure& trouble) { return ask_all({.op = verb::version}, trouble); });
}
std::vector<server_stats> blocking_client::version(error_code& ec) { return ask_all({.op = verb::version}, ec); }

std::vector<server_stats> blocking_client::stats(std::string_view sort) {
  return or_throw([&](failure& trouble) { return ask_all({.op = verb::stats, .argument = sort}, trouble); });
}
std::vector<server_stats> blocking_client::stats(std::string_view sort, error_code& ec) {
  return ask_all({.op = verb::stats, .argument = sort}, ec);
}

std::optional<std::string> blocking_client::server_for(std::string_view key) const {
  return engine_->server_for(key);
}

void blocking_client::set_servers(std::vector<server> servers) { engine_->set_servers(std::move(servers)); }
std::vector<server> blocking_client::servers() const { return engine_->servers(); }
void blocking_client::disconnect_all() { engine_->disconnect_all(); }
void blocking_client::forget_dead_hosts() { engine_->forget_dead_hosts(); }
std::vector<server_counters> blocking_client::counters() const { return engine_->counters(); }
discovery_status blocking_client::discovery() const { return engine_->discovered(); }
void blocking_client::close() { engine_->close(); }

}  // namespace cmemcache
