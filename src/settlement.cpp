#include "settlement.hpp"

#include <algorithm>
#include <cstdio>
#include <unordered_set>

namespace cmemcache {

using protocol::element;
using trouble = session::failure_policy::trouble;

namespace {

bool is_connection_loss(const error_code& ec) noexcept {
  return ec == errc::connection_closed || ec.category() == boost::system::system_category();
}

// What a proxy may not know, and close the connection at.
bool is_seldom_carried(verb op) noexcept { return op == verb::gat || op == verb::gats || op == verb::touch || !has_key(op); }

// The key, as much of it as is good to read.
std::string shown(std::string_view key) {
  constexpr std::size_t longest = 60;
  std::string text = "'";
  text += key.substr(0, longest);
  text += key.size() > longest ? "...'" : "'";
  return text;
}

}  // namespace

failure describe(const session::results::refusal& r, verb op, std::string_view key) {
  std::string text;
  if (!r.server.empty()) text.append(r.server).append(": ");
  text.append(to_string(op)).append(" ").append(shown(key)).append(": ").append(r.why.message());
  if (!r.words.empty()) text.append(": ").append(r.words);
  return {r.why, r.server, std::move(text)};
}

settlement::settlement(const server_pool& servers, const client_options& options, const protocol::command& what,
                       net::time_point start, std::span<const routing::stand_in> stand_ins)
    : servers_(servers), what_(what), start_(start), choice_(servers, options, what.prefix, stand_ins) {}

server_choice::shares settlement::split(std::span<element> todo, net::time_point now) {
  server_choice::shares shares = choice_.split(todo, now);
  if (choice_.left_out()) add_no_server();
  return shares;
}

settlement::outcome settlement::answered(std::size_t server, const session::pending_request& r,
                                         std::string_view last_line) {
  servers_[server].answered();
  if (r.result) add_failure(server, r.result, last_line);
  if (!r.ambiguous) return outcome::over;
  if (what_.op == verb::delete_) {  // asked again, those that were deleted would not be found
    add_failure(server, errc::server_error, last_line);
    return outcome::over;
  }
  choice_[server].one_by_one = true;
  return outcome::again;
}

// The keys may go elsewhere, if there is time: the caller looks at the clock.
settlement::outcome settlement::not_reached(std::size_t server, error_code ec, bool waited_for_our_own) {
  add_failure(server, ec);
  if (ec == errc::interrupted || ec == errc::closed) return outcome::stop;
  if (ec == errc::timed_out) count(servers_[server].timeouts, 1);
  const trouble what = waited_for_our_own       ? trouble::ours
                       : ec == errc::timed_out ? silence_of(server)
                                               : session::failure_policy::sort(ec, false);
  blame(server, what, ec);
  give_up(server);
  return what == trouble::ours && !waited_for_our_own ? outcome::over : outcome::again;
}

settlement::outcome settlement::lost(std::size_t server, error_code ec, session::failure_policy::loss facts, bool retrying,
                                     std::string_view last_line) {
  using policy = session::failure_policy;
  server_choice::standing& s = choice_[server];
  if (ec == errc::connection_closed && facts.sent && !facts.answered && is_seldom_carried(what_.op))
    last_line = "a proxy may not know the command";
  if (is_connection_loss(ec)) {
    facts.repeatable = is_repeatable(what_.op);
    facts.retried = s.retried && !retrying;
    // An end in order acknowledges what had come before it (and a broken pipe is a reset after one). After any other loss
    // what the server has read may be unacknowledged.
    facts.taken |= ec != errc::connection_closed && ec != boost::system::errc::broken_pipe;
    const policy::remedy what = policy::after_loss(facts);
    if (what == policy::remedy::send_again) {
      s.retried = true;
      return outcome::again;
    }
    if (what == policy::remedy::in_doubt) ec = errc::in_doubt;
  }
  if (ec == errc::timed_out) ran_out(server);
  else add_failure(server, ec, last_line);
  return ec == errc::interrupted ? outcome::stop : outcome::over;
}

void settlement::ran_out(std::size_t server) {
  count(servers_[server].timeouts, 1);
  blame(server, silence_of(server), errc::timed_out);
  add_failure(server, errc::timed_out);
}

void settlement::tally(server_link& link, verb op, std::span<const element> elements, std::span<const item> items,
                       std::span<session::results::refusal> refusals) {
  const auto count_of = [&](status wanted, std::atomic<std::uint64_t>& figure) {
    std::uint64_t n = 0;
    for (const element& e : elements) n += items[e.slot].status == wanted;
    count(figure, n);
    return n;
  };
  if (is_retrieval(op)) {
    if (count_of(status::hit, link.hits) != elements.size()) count_of(status::miss, link.misses);
  } else if (is_storage(op)) {
    count_of(status::stored, link.stores);
  }
  if (refusals.empty()) return;
  // A refusal names its slot; whose words they were is known here.
  std::unordered_set<std::uint32_t> slots;
  for (const element& e : elements) slots.insert(e.slot);
  for (session::results::refusal& r : refusals)
    if (!r.words.empty() && slots.contains(r.slot)) r.server = link.where.text;
}

// It is no server's fault when another one had used up the time.
trouble settlement::silence_of(std::size_t server) {
  return servers_[server].policy.silence(net::steady_clock::now() - choice_[server].since);
}

void settlement::blame(std::size_t server, trouble what, const error_code& ec) {
  if (servers_[server].failed(what, ec, net::steady_clock::now())) give_up(server);
}

void settlement::add_failure(std::size_t server, error_code ec, std::string_view words) noexcept {
  try {
    const std::string& name = servers_[server].where.text;
    const auto waited = std::chrono::duration<double>(net::steady_clock::now() - start_).count();
    char after[40];
    std::snprintf(after, sizeof after, " (after %.3f s)", waited);
    std::string text = std::string(to_string(what_.op)) + ": " + ec.message();
    if (!words.empty()) text.append(": ").append(words);
    text += after;
    servers_[server].tell(ec == errc::protocol_error ? log_level::warning : log_level::info, [&] { return text; });
    failures_.push_back({ec, name, name + ": " + text});
  } catch (const std::bad_alloc&) {
    if (failures_.empty()) failures_.push_back({ec, {}, {}});
  }
}

void settlement::add_no_server() {
  if (!failures_.empty()) return;  // which says more
  const std::string dead = choice_.unusable_names();
  const error_code ec = errc::no_server;
  failures_.push_back({ec, {}, std::string(to_string(what_.op)) + ": " + ec.message() +
                                   (dead.empty() ? ": " + servers_.why_empty() : ": marked dead: " + dead)});
}

settlement::failure_list& settlement::failures_after(std::span<const item> items) {
  const auto unanswered = [](const item& i) { return i.status == status::unanswered; };
  const auto harmful = [](const failure& f) { return f.code == errc::protocol_error; };
  if (!failures_.empty() && std::ranges::none_of(failures_, harmful) && std::ranges::none_of(items, unanswered))
    failures_.clear();
  return failures_;
}

}  // namespace cmemcache
