#include "discovery.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <utility>

namespace cmemcache {

using net::milliseconds;
using net::time_point;

namespace {

constexpr milliseconds until_finished{2};    // when a lookup that is under way is looked at again
constexpr milliseconds without_a_list{500};  // between lookups while there is nobody to ask

// What a placement goes by that knows a server as host and port: rings leave the usual port out.
std::string alias_of(const protocol::cluster_config::node& n, distribution kind) {
  constexpr std::uint16_t usual_port = 11211;
  const bool ring = kind == distribution::ketama || kind == distribution::ketama_weighted;
  return ring && n.port == usual_port ? n.host : n.host + ':' + std::to_string(n.port);
}

}  // namespace

std::vector<server> servers_of(const protocol::cluster_config& config, distribution kind, bool with_tls) {
  std::vector<server> out;
  for (const auto& n : config.nodes) {
    const bool by_name = n.address.empty() || (with_tls && !n.host.empty());
    const std::string& at = by_name ? n.host : n.address;
    std::string text = at.find(':') == at.npos ? at : '[' + at + ']';
    text += ':' + std::to_string(n.port);
    if (!n.host.empty() && &at != &n.host) text += ' ' + alias_of(n, kind);
    out.emplace_back(text);
  }
  return out;
}

discovery::discovery(std::vector<server> endpoints, const client_options& options, std::shared_ptr<const net::tls_context> tls)
    : endpoints_(std::move(endpoints)), options_(options), tls_(std::move(tls)) {}

discovery::news discovery::look(time_point now) {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return {};  // somebody else does
  const std::uint64_t before = status_.failures;
  news out;
  out.list = advance(now);
  if (status_.failures != before) out.trouble = status_.last_failure;
  return out;
}

std::optional<std::vector<server>> discovery::advance(time_point now) {
  leave_what_is_inherited();
  if (is_taken_) return {};
  if (running_ != nullptr) {
    if (running_->finished()) return take(now);
    next_look(now, until_finished);
    return {};
  }
  try {
    running_ = std::make_shared<cluster_lookup>(endpoints_, options_, tls_);
    next_look(now, until_finished);
  } catch (const std::exception& e) {  // no memory, no thread, no descriptor: another time
    failed(e.what());
    next_look(now, without_a_list);
  }
  return {};
}

std::optional<std::vector<server>> discovery::take(time_point now) {
  std::optional<std::vector<server>> list = judge(running_->result());
  next_look(now, is_known_ || list ? options_.discovery_interval : std::min(options_.discovery_interval, without_a_list));
  if (list) is_taken_ = true;
  else running_.reset();
  return list;
}

// Nothing when the list stays as it is.
std::optional<std::vector<server>> discovery::judge(const cluster_lookup::answer& found) {
  if (!found.config) {
    failed(found.trouble);
    return {};
  }
  const std::uint64_t version = found.config->version;
  if (is_known_ && version < status_.version && lower_ != version) {
    lower_ = version;
    failed("a list of version " + std::to_string(version) + ", after one of " + std::to_string(status_.version));
    return {};
  }
  lower_.reset();
  try {
    std::vector<server> list = servers_of(*found.config, options_.distribution, tls_ != nullptr);
    ++status_.lookups;
    status_.version = version;
    if (is_known_ && list == latest_) return {};
    latest_ = list;
    return list;
  } catch (const error& e) {
    failed(e.what());
    return {};
  }
}

void discovery::failed(std::string why) {
  ++status_.failures;
  status_.last_failure = std::move(why);
}

void discovery::installed(bool good) {
  const std::lock_guard lock(mutex_);
  is_known_ |= good;
  is_taken_ = false;
  if (!good) latest_.clear();
  running_.reset();
}

std::shared_ptr<cluster_lookup> discovery::awaited() {
  const std::lock_guard lock(mutex_);
  leave_what_is_inherited();
  return is_known_ ? nullptr : running_;
}

discovery_status discovery::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void discovery::stop() noexcept {
  const std::lock_guard lock(mutex_);
  if (running_ != nullptr) running_->stop();
}

// In a forked child the lookup is the parent's. It is not even destroyed here: its thread may have been anywhere in it.
void discovery::leave_what_is_inherited() {
  if (running_ == nullptr || !running_->is_inherited()) return;
  new std::shared_ptr<cluster_lookup>(std::move(running_));
  running_.reset();
  is_taken_ = false;
}

void discovery::next_look(time_point now, milliseconds after) noexcept {
  next_.store(net::deadline_after(now, after).time_since_epoch().count(), std::memory_order_relaxed);
}

}  // namespace cmemcache
