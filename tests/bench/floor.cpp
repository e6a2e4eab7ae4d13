// The floor of tools/cachecmp: the same bytes over a raw socket, with no library in between, in the best known shape for each
// case.
//
//     floor PORT

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <memory>
#include <string_view>

#include "contest.hpp"

namespace {

using contest::round;

struct shape {
  std::string request;
  std::string end;       // of the reply
  std::size_t size = 0;  // of the reply, where its end stands elsewhere in it, too
};

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("floor: cannot connect");
  return fd;
}

void round_trip(int fd, const shape& s) {
  static std::vector<char> buffer(1 << 22);
  for (std::size_t sent = 0; sent < s.request.size();) {
    const ssize_t n = ::send(fd, s.request.data() + sent, s.request.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) throw std::runtime_error("floor: send");
    sent += static_cast<std::size_t>(n);
  }
  for (std::size_t got = 0; got < s.size || !std::string_view(buffer.data(), got).ends_with(s.end);) {
    const ssize_t n = ::recv(fd, buffer.data() + got, buffer.size() - got, 0);
    if (n <= 0) throw std::runtime_error("floor: recv");
    got += static_cast<std::size_t>(n);
  }
}

template <class Keys>
std::string get_line(const Keys& keys) {
  std::string line = "get";
  for (const std::string& key : keys) line += ' ' + key;
  return line + "\r\n";
}

std::string stored(const std::string& key, const std::string& value) {
  return "set " + key + " 0 0 " + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}

// Failures still answer; MN closes it.
template <class Keys>
shape quiet_stores(const Keys& keys, const std::string& value) {
  std::string all;
  for (const std::string& key : keys) all += "ms " + key + ' ' + std::to_string(value.size()) + " q\r\n" + value + "\r\n";
  return {all + "mn\r\n", "MN\r\n"};
}

// Lines of at most 100 keys, sent together.
shape lines_of_gets(const round& r) {
  shape lines{"", "END\r\n"};
  std::vector<std::string> part;
  for (const std::string& key : r.all_keys()) {
    part.push_back(key);
    lines.size += ("VALUE " + key + " 0 " + std::to_string(r.value_size) + "\r\n\r\n").size() + r.value().size();
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

  contest::verbs verbs() {
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
    for (const auto& pick : contest::random_picks(r.keys)) {
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
  return contest::answer_rounds(contender(std::stoi(argv[1])).verbs());
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
