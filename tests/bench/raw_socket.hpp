#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// The least that a client can do: bytes made beforehand, written to a socket; and bytes read until the reply is there.
namespace contest {

struct shape {
  std::string request;
  std::string end;       // of the reply
  std::size_t size = 0;  // of the reply, where its end stands elsewhere in it, too
};

inline int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("raw socket: cannot connect");
  return fd;
}

inline void round_trip(int fd, const shape& s) {
  static std::vector<char> buffer(1 << 22);
  for (std::size_t sent = 0; sent < s.request.size();) {
    const ssize_t n = ::send(fd, s.request.data() + sent, s.request.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) throw std::runtime_error("raw socket: send");
    sent += static_cast<std::size_t>(n);
  }
  for (std::size_t got = 0; got < s.size || !std::string_view(buffer.data(), got).ends_with(s.end);) {
    const ssize_t n = ::recv(fd, buffer.data() + got, buffer.size() - got, 0);
    if (n <= 0) throw std::runtime_error("raw socket: recv");
    got += static_cast<std::size_t>(n);
  }
}

/// What `get` answers with for a key that is there.
inline std::string hit(const std::string& key, std::size_t value_size) {
  return "VALUE " + key + " 0 " + std::to_string(value_size) + "\r\n" + std::string(value_size, 'x') + "\r\n";
}

inline std::string get_line(const std::vector<std::string>& keys) {
  std::string line = "get";
  for (const std::string& key : keys) line += ' ' + key;
  return line + "\r\n";
}

inline std::string stored(const std::string& key, const std::string& value) {
  return "set " + key + " 0 0 " + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}

/// Failures still answer; MN closes it.
inline shape quiet_stores(const std::vector<std::string>& keys, const std::string& value) {
  std::string all;
  for (const std::string& key : keys) all += "ms " + key + ' ' + std::to_string(value.size()) + " q\r\n" + value + "\r\n";
  return {all + "mn\r\n", "MN\r\n"};
}

}  // namespace contest
