#include "routing/rendezvous.hpp"

namespace cmemcache::routing {

rendezvous::rendezvous(std::span<const node> nodes) {
  candidates_.reserve(nodes.size());
  for (const node& server : nodes) {
    candidate& added = candidates_.emplace_back(candidate{server.label, {}});
    added.begun.update(added.label);
    added.begun.update("-");
  }
}

rendezvous::standing rendezvous::best(std::string_view key) const noexcept {
  standing winner = stand(0, key);
  for (std::size_t server = 1; server < candidates_.size(); ++server)
    if (const standing rival = stand(server, key); beats(rival, winner)) winner = rival;
  return winner;
}

rendezvous::standing rendezvous::below(const standing& last, std::string_view key) const noexcept {
  standing winner = last;
  for (std::size_t server = 0; server < candidates_.size(); ++server) {
    const standing rival = stand(server, key);
    if (beats(last, rival) && (winner.server == last.server || beats(rival, winner))) winner = rival;
  }
  return winner;
}

rendezvous::standing rendezvous::stand(std::size_t server, std::string_view key) const noexcept {
  murmur3_state state = candidates_[server].begun;
  state.update(key);
  return {state.finish(), server};
}

// A strict order over servers, so that a chain that steps down it meets each of them once: two servers of one label,
// which pymemcache would take for one, go by their place in the list.
bool rendezvous::beats(const standing& a, const standing& b) const noexcept {
  if (a.score != b.score) return a.score > b.score;
  const int labels = candidates_[a.server].label.compare(candidates_[b.server].label);
  return labels != 0 ? labels > 0 : a.server < b.server;
}

}  // namespace cmemcache::routing
