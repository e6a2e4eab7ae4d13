// The floor of tools/cachecmp: the same bytes over a raw socket, with no library in between, in the best known shape for each
// case.
//
//     floor PORT

#include <memory>

#include "contest.hpp"
#include "raw_socket.hpp"

namespace {

using namespace contest;

// Lines of at most 100 keys, sent together.
shape lines_of_gets(const round& r) {
  shape lines{"", "END\r\n"};
  std::vector<std::string> part;
  for (const std::string& key : r.all_keys()) {
    part.push_back(key);
    lines.size += hit(key, r.value().size()).size();
    if (part.size() == 100 || static_cast<int>(part.size()) == r.keys) {
      lines.request += get_line(part);
      lines.size += lines.end.size();
      part.clear();
    }
  }
  return lines;
}

class contender {
 public:
  explicit contender(int port) : fd_(connect_to(port)) {}

  verbs all() {
    const auto store = [this](const round& r) { round_trip(fd_, quiet_stores(r.all_keys(), r.value())); };
    const auto fixed = [this, store](auto make) {
      return [this, store, make](const round& r) -> std::function<void()> {
        store(r);
        return [this, s = make(r)] { round_trip(fd_, s); };
      };
    };
    return {
        {"get", fixed([](const round& r) { return lines_of_gets(r); })},
        {"get_multi", fixed([](const round& r) { return shape{get_line(r.all_keys()), "END\r\n"}; })},
        {"in_flight", fixed([](const round& r) { return lines_of_gets(r); })},
        {"miss", [this](const round& r) {
           return [this, s = shape{get_line(r.all_keys()), "END\r\n"}] { round_trip(fd_, s); };
         }},
        {"set", fixed([](const round& r) { return shape{stored(r.key(0), r.value()), "STORED\r\n"}; })},
        {"set_multi", fixed([](const round& r) { return quiet_stores(r.all_keys(), r.value()); })},
        {"incr", fixed([](const round& r) { return shape{"incr " + r.key(0) + " 1\r\n", "\r\n"}; })},
        {"rndmulti", [this, store](const round& r) { store(r); return random_gets(r); }},
        {"delete", [this](const round& r) { return deletes(r); }},
    };
  }

 private:
  std::function<void()> random_gets(const round& r) {
    std::vector<shape> shapes;
    for (const auto& pick : random_picks(r.keys)) {
      std::vector<std::string> keys;
      for (int i : pick) keys.push_back(r.key(i));
      shapes.push_back({get_line(keys), "END\r\n"});
    }
    return [this, shapes, next = std::size_t{0}]() mutable { round_trip(fd_, shapes[next++ % shapes.size()]); };
  }

  std::function<void()> deletes(const round& r) {
    auto all = std::make_shared<std::vector<shape>>();
    for (int i = 0; i < r.calls; ++i) {
      round_trip(fd_, {stored(r.key(i), r.value()), "STORED\r\n"});
      all->push_back({"delete " + r.key(i) + "\r\n", "DELETED\r\n"});
    }
    return [this, all, next = std::size_t{0}]() mutable { round_trip(fd_, (*all)[next++]); };
  }

  int fd_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: floor PORT");
  return answer_rounds(contender(std::stoi(argv[1])).all());
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
