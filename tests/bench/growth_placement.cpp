// What it costs to know the server of a key, as a contender of tools/growth.
//
//     growth_placement DISTRIBUTION VERB COUNT SECONDS ADDRESS,...
//
// The addresses are never connected to. VERB: pick (a key's server), client (a blocking client of them, made and destroyed).

#include <memory>
#include <stdexcept>

#include <cmemcache/blocking_client.hpp>

#include "growth.hpp"
#include "routing/placement.hpp"

namespace {

using namespace cmemcache;
using growth::clock;

std::vector<routing::node> nodes_of(const growth::question& q) {
  std::vector<routing::node> nodes;
  for (const std::string& address : q.addresses) {
    const server s(address);
    nodes.push_back({.host = s.host, .port = s.port, .label = s.label(), .weight = 1, .is_unix = false});
  }
  return nodes;
}

// OpenSSL's first time, which keeps memory. (Of a second placement malloc would have kept the blocks of the first.)
void warm_up() {
  const routing::node one{.host = "one", .port = 1, .label = "one:1", .weight = 1, .is_unix = false};
  routing::placement({&one, 1}, distribution::ketama_weighted, hash_kind::md5);
}

growth::figures picks(const growth::question& q, distribution kind) {
  const std::vector<routing::node> nodes = nodes_of(q);
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back(growth::key(i));
  warm_up();
  const std::size_t heap_before = growth::heap();
  const auto start = clock::now();
  const routing::placement placement(nodes, kind, hash_kind::crc);
  const double build = 1e6 * growth::seconds_since(start);
  const auto kept = static_cast<double>(growth::heap() - heap_before);
  std::size_t sum = 0;
  growth::figures all = growth::measure(
      [&](std::size_t times) {
        for (std::size_t i = 0; i < times; ++i)
          for (const std::string& key : keys) sum += placement.pick(key);
        return times * keys.size();
      },
      q.seconds);
  if (sum == 1) std::cout << ' ';  // used, so that it is not optimised away
  all.emplace_back("build_us", build);
  all.emplace_back("kept", kept);
  return all;
}

growth::figures clients(const growth::question& q, distribution kind) {
  const std::vector<server> servers(q.addresses.begin(), q.addresses.end());
  client_options options;
  options.distribution = kind;
  warm_up();
  const std::size_t heap_before = growth::heap();
  auto client = std::make_unique<blocking_client>(servers, options);
  const auto kept = static_cast<double>(growth::heap() - heap_before);
  client.reset();
  growth::figures all = growth::measure(
      [&](std::size_t times) {
        for (std::size_t i = 0; i < times; ++i) blocking_client(servers, options);
        return times;
      },
      q.seconds);
  all.emplace_back("kept", kept);
  return all;
}

}  // namespace

int main(int argc, char** argv) try {
  const growth::question q(argc, argv);
  const auto kind = parse_distribution(q.name);
  if (!kind) throw std::runtime_error("absent no such distribution");
  growth::tell(q.verb == "client" ? clients(q, *kind) : picks(q, *kind));
} catch (const std::exception& e) {
  std::cout << e.what() << std::endl;
  return 1;
}
