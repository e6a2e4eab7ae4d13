#include "verifier.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>
#include <thread>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace soak {

void verifier::claim(std::uint64_t epoch, pairs stored, std::optional<std::size_t> where) {
  if (stored.empty()) return;
  const std::lock_guard lock(mutex_);
  claims_.push_back({epoch, std::move(stored), where});
  there_are_.notify_one();
}

verifier::claimed verifier::take() {
  std::unique_lock lock(mutex_);
  there_are_.wait(lock, [&] { return !claims_.empty(); });
  claimed next = std::move(claims_.front());
  claims_.pop_front();
  return next;
}

void verifier::verify_on() {
  for (;;) {
    claimed next = take();
    const std::size_t all = next.stored.size();
    // It was said to be stored before it was written in full, perhaps: then it is there soon.
    for (const int pause : {0, 100, 1000}) {
      if (next.stored.empty() || !relevant(next.epoch)) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(pause));
      for (std::size_t server = 0; server < ports_.size() && relevant(next.epoch); ++server)
        if (next.where.value_or(server) == server && !next.stored.empty()) strike_out(next.stored, server);
    }
    if (!next.stored.empty() && relevant(next.epoch))
      counts_.note("lost", "said to be stored, on no server: " + next.stored[0].first + ", " +
                               std::to_string(next.stored.size()) + " of " + std::to_string(all));
    if (next.stored.empty()) counts_.count("verified", all);
  }
}

void verifier::strike_out(pairs& missing, std::size_t server) const {
  boost::asio::ip::tcp::iostream link;
  link.expires_after(std::chrono::seconds(1));
  link.connect(boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), ports_[server]));
  link << "get";
  for (const auto& [key, value] : missing) link << ' ' << key;
  link << "\r\n" << std::flush;
  std::map<std::string, std::string> found;
  for (std::string line; std::getline(link, line) && line.starts_with("VALUE ");) {
    std::string word, key;
    std::size_t flags = 0, size = 0;
    std::istringstream(line) >> word >> key >> flags >> size;
    std::string value(size + 2, '\0');
    link.read(value.data(), static_cast<std::streamsize>(value.size()));
    value.resize(size);
    found[key] = std::move(value);
  }
  std::erase_if(missing, [&](const auto& p) {
    const auto there = found.find(p.first);
    return there != found.end() && there->second == p.second;
  });
}

}  // namespace soak
