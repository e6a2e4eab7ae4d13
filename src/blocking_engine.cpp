#include "blocking_engine.hpp"

#include <algorithm>
#include <utility>

#include "blocking_call.hpp"
#include "server_pool.hpp"
#include "server_sink.hpp"

namespace cmemcache {

using protocol::command;
using protocol::element;

void blocking_engine::run(const command& what, std::span<element> elements, session::results& answers, call& c,
                          std::span<const routing::stand_in> stand_ins) {
  if (!c.checked) elements = roster_->take_out_refused(what, elements, answers);
  if (elements.empty()) return;
  if (closed_.load(std::memory_order_relaxed)) {
    c.failures.push_back({errc::closed, {}, error_code(errc::closed).message()});
    return;
  }
  if (roster_->discovers()) [[unlikely]] return run_on_discovered(what, elements, answers, c, stand_ins);
  const auto servers = roster_->pool();
  blocking_call(*servers, options(), what, c, stand_ins).run(elements, answers);
}

void blocking_engine::run_on_discovered(const command& what, std::span<element> elements, session::results& answers, call& c,
                                        std::span<const routing::stand_in> stand_ins) {
  const net::time_point start = net::steady_clock::now();
  if (const auto servers = discovered(what, start, c)) blocking_call(*servers, options(), what, c, stand_ins, start).run(elements, answers);
}

// Null when the list does not come in time: the failure says so.
std::shared_ptr<server_pool> blocking_engine::discovered(const command& what, net::time_point start, call& c) {
  error_code ec;
  const net::interruption stop{c.interrupted, c.context};
  auto servers = roster_->pool(start, net::deadline_after(start, options().timeout), stop, ec);
  if (ec) c.failures.push_back({ec, {}, std::string(to_string(what.op)) + ": " + ec.message() + ": the servers are not known yet"});
  return servers;
}

std::vector<server_stats> blocking_engine::ask_all(const command& what, call& c) {
  std::vector<server_stats> out;
  error_code ec;
  if (closed_.load(std::memory_order_relaxed)) ec = errc::closed;
  else ec = roster_->check(what);
  if (ec) {
    c.failures.push_back({ec, {}, std::string(to_string(what.op)) + ": " + ec.message()});
    return out;
  }
  const net::time_point start = net::steady_clock::now();
  const auto servers = discovered(what, start, c);
  if (servers == nullptr) return out;
  std::vector<server_sink> sinks(servers->size());
  std::vector<session::reply_sink*> places;
  for (server_sink& s : sinks) places.push_back(&s);
  blocking_call(*servers, options(), what, c, {}, start).run_on_all(places);
  return answers_of(*servers, sinks, c.failures);
}

void blocking_engine::disconnect_all() {
  const auto servers = roster_->pool();
  for (std::size_t i = 0; i < servers->size(); ++i) (*servers)[i].connections.disconnect();
}

void blocking_engine::close() {
  closed_ = true;
  roster_->close();
  const auto servers = roster_->pool();
  for (std::size_t i = 0; i < servers->size(); ++i) (*servers)[i].connections.close();
}

}  // namespace cmemcache
