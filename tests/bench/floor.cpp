// The floor of tools/bench: the same bytes over a raw socket, with no library in between.
//
//     floor PORT, then a line "CASE ROUNDS" at a time on standard input; answers each with the seconds that it took.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

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

// The best known shape for each case; keys and values as tools/bench has them.
std::map<std::string, shape> shapes() {
  const std::string value(100, 'x');
  std::string line = "get", quiet;
  for (int i = 1000; i < 1100; ++i) {
    const std::string key = "bench:" + std::to_string(i);
    line += " " + key;
    quiet += "ms " + key + " 100 q\r\n" + value + "\r\n";
  }
  line += "\r\n";
  std::string ten_lines;
  for (int i = 0; i < 10; ++i) ten_lines += line;
  const std::size_t hit = std::string_view("VALUE bench:1000 0 100\r\n\r\n").size() + value.size();
  return {{"get", {"get bench:1000\r\n", "END\r\n"}},
          {"set", {"set bench:1000 0 0 100\r\n" + value + "\r\n", "STORED\r\n"}},
          {"get_multi", {line, "END\r\n"}},
          {"in_flight", {ten_lines, "END\r\n", 10 * (100 * hit + 5)}},
          {"set_multi", {quiet + "mn\r\n", "MN\r\n"}}};
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: floor PORT");
  const int fd = connect_to(std::stoi(argv[1]));
  const auto all = shapes();
  round_trip(fd, all.at("set_multi"));
  std::string name;
  int rounds = 0;
  while (std::cin >> name >> rounds) {
    const shape& s = all.at(name);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds; ++i) round_trip(fd, s);
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
  }
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
