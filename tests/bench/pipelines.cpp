// 1,000 gets in flight over a raw socket, as programs without a library in between send them: other floors, of tools/cachecmp,
// for clients that keep to one request a key.
//
//     pipelines PORT mg      `mg` lines, which may be quiet and name their keys, each hundred closed by `mn`
//     pipelines PORT get     `get` lines in one write, a reply each: what the load generator mc-crusher does

#include "contest.hpp"
#include "raw_socket.hpp"

namespace {

using namespace contest;

constexpr int batch = 100;

shape of_mg(const round& r) {
  shape s{"", "MN\r\n"};
  for (int i = 0; i < r.keys; ++i) {
    s.request += "mg " + r.key(i) + " v f k q\r\n";
    s.size += ("VA " + std::to_string(r.value_size) + " f0 k" + r.key(i) + "\r\n").size() + r.value().size() + 2;
    if ((i + 1) % batch == 0 || i + 1 == r.keys) {
      s.request += "mn\r\n";
      s.size += s.end.size();
    }
  }
  return s;
}

shape of_get(const round& r) {
  shape s{"", "END\r\n"};
  for (const std::string& key : r.all_keys()) {
    s.request += get_line({key});
    s.size += hit(key, r.value().size()).size() + s.end.size();
  }
  return s;
}

verbs all(int fd, shape (*make)(const round&)) {
  return {{"in_flight", [fd, make](const round& r) -> std::function<void()> {
             round_trip(fd, quiet_stores(r.all_keys(), r.value()));
             return [fd, s = make(r)] { round_trip(fd, s); };
           }}};
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string kind = argc == 3 ? argv[2] : "";
  if (kind != "mg" && kind != "get") throw std::runtime_error("usage: pipelines PORT mg|get");
  return answer_rounds(all(connect_to(std::stoi(argv[1])), kind == "mg" ? of_mg : of_get));
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
