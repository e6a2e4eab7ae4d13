#include "cluster_lookup.hpp"

#include <atomic>
#include <exception>
#include <utility>

#include "blocking_call.hpp"
#include "net/event.hpp"
#include "net/quiet_thread.hpp"
#include "server_pool.hpp"
#include "session/results.hpp"

namespace cmemcache {

// Owned by the one who waits and by the thread.
struct cluster_lookup::shared {
  static bool is_stopped(void* self) noexcept {
    return static_cast<shared*>(self)->stopped.load(std::memory_order_relaxed);
  }

  enum class verdict { known, not_understood, unreachable };

  void ask_all(const std::vector<server>& endpoints, const client_options& options,
               const std::shared_ptr<const net::tls_context>& tls);
  verdict ask(const server_pool& endpoint, const client_options& options, bool old);

  net::event over;
  std::atomic<bool> stopped{false};
  std::atomic<bool> done{false};
  answer found;
};

namespace {

// Whatever went wrong before does not keep the endpoint from being asked; the classic protocol, in which `config` is.
client_options for_endpoints(client_options options) {
  options.protocol = wire_protocol::text;
  options.dead_retry = std::chrono::milliseconds(0);
  options.discovery_interval = std::chrono::milliseconds(0);
  options.flush_on_reconnect = false;
  options.log = {};  // whoever waits tells what became of it
  options.key_prefix.clear();
  return options;
}

}  // namespace

void cluster_lookup::shared::ask_all(const std::vector<server>& endpoints, const client_options& options,
                                     const std::shared_ptr<const net::tls_context>& tls) {
  found.trouble = "no configuration endpoint is given";
  for (const server& endpoint : endpoints) {
    const server_pool alone({&endpoint, 1}, options, nullptr, tls);
    verdict became = ask(alone, options, false);
    if (became == verdict::not_understood && !is_stopped(this)) became = ask(alone, options, true);
    if (became == verdict::known || is_stopped(this)) return;
  }
}

// `old`: as before 1.4.14, where the configuration was a value.
cluster_lookup::shared::verdict cluster_lookup::shared::ask(const server_pool& endpoint, const client_options& options, bool old) {
  const protocol::command what{.op = verb::get, .config = !old};
  protocol::element asked{.key = old ? protocol::old_cluster_key : protocol::cluster_key};
  item got;
  session::results answers({&got, 1});
  call c;
  c.interrupted = is_stopped;
  c.context = this;
  blocking_call(endpoint, options, what, c).run({&asked, 1}, answers);
  const std::string& name = endpoint[0].where.text;
  if (got.status == status::hit) {
    found.config = protocol::parse_cluster_config(got.value);
    if (!found.config) found.trouble = name + ": what it says is no configuration of a cluster";
    return found.config ? verdict::known : verdict::unreachable;
  }
  const error_code ec = c.first_error();
  const bool understood = ec && ec != errc::client_error && ec != errc::connection_closed;
  found.trouble = understood ? c.failures.front().text : name + ": it has no configuration of a cluster";
  return understood ? verdict::unreachable : verdict::not_understood;
}

cluster_lookup::cluster_lookup(std::vector<server> endpoints, const client_options& options,
                               std::shared_ptr<const net::tls_context> tls)
    : shared_(std::make_shared<shared>()) {
  net::quiet_thread([to = shared_, endpoints = std::move(endpoints), options = for_endpoints(options), tls = std::move(tls)] {
    try {
      to->ask_all(endpoints, options, tls);
    } catch (const std::exception& e) {
      to->found = {{}, e.what()};
    }
    to->done.store(true, std::memory_order_release);
    to->over.happen();
  }).detach();
}

int cluster_lookup::fd() const noexcept { return shared_->over.fd(); }
bool cluster_lookup::finished() const noexcept { return shared_->done.load(std::memory_order_acquire); }
const cluster_lookup::answer& cluster_lookup::result() const noexcept { return shared_->found; }
void cluster_lookup::stop() noexcept { shared_->stopped.store(true, std::memory_order_relaxed); }
bool cluster_lookup::is_inherited() const noexcept { return shared_->over.is_inherited(); }
void cluster_lookup::wait(net::time_point until) const noexcept { shared_->over.wait(until); }

}  // namespace cmemcache
