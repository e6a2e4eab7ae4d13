#include "support/memcached.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "support/certificates.hpp"

namespace cmemcache::test {

namespace {

sockaddr_in loopback(std::uint16_t port, const std::string& host = "127.0.0.1") {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

}  // namespace

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no free port");
  ::close(fd);
  return ntohs(address.sin_port);
}

memcached::memcached(std::vector<std::string> arguments, std::string unix_path)
    : arguments_(std::move(arguments)), unix_path_(std::move(unix_path)) {
  if (unix_path_.empty()) port_ = free_port();
  start();
}

memcached::memcached(std::vector<std::string> arguments, std::string knock, std::string answer)
    : arguments_(std::move(arguments)), knock_(std::move(knock)), answer_(std::move(answer)), port_(free_port()) {
  start();
}

memcached::memcached(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) { start(); }

memcached::memcached(secured by, std::vector<std::string> arguments)
    : arguments_(std::move(arguments)), port_(free_port()), plain_port_(free_port()) {
  arguments_.insert(arguments_.end(), {"-Z", "-o", "ssl_chain_cert=" + certificate(by.certificate + ".pem") +
                                                   ",ssl_key=" + certificate(by.certificate + ".key")});
  start();
}

memcached::~memcached() { kill(); }

std::string memcached::address() const {
  return unix_path_.empty() ? host_ + ":" + std::to_string(port_) : "unix:" + unix_path_;
}

void memcached::start() {
  std::vector<std::string> words{"memcached", "-t", "1", "-U", "0"};
  if (plain_port_ != 0) words.insert(words.end(), {"-l", "notls:" + host_ + ":" + std::to_string(plain_port_) + "," + address()});
  else if (unix_path_.empty()) words.insert(words.end(), {"-l", host_, "-p", std::to_string(port_)});
  else words.insert(words.end(), {"-s", unix_path_});
  if (::geteuid() == 0) words.insert(words.end(), {"-u", "root"});
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  for (int i = 0; i < 500; ++i) {
    // It ends at once where its port is taken, which may be for a moment: by a client's attempt to connect to it, even.
    if (pid_ <= 0 || ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    if (answers()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("memcached did not start: is the Debian package memcached installed?");
}

// Another program may have taken the port meanwhile, and a socket that looks for a port may be connected to itself.
bool memcached::answers() const {
  const int fd = ::socket(unix_path_.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result;
  if (unix_path_.empty()) {
    const sockaddr_in address = loopback(plain_port_ != 0 ? plain_port_ : port_, host_);
    result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } else {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, unix_path_.c_str(), sizeof address.sun_path - 1);
    result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  const timeval patience{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string answer(64, '\0');
  if (result == 0) result = ::send(fd, knock_.data(), knock_.size(), MSG_NOSIGNAL) > 0 ? 0 : -1;
  if (result == 0) answer.resize(static_cast<std::size_t>(std::max<ssize_t>(::recv(fd, answer.data(), answer.size(), 0), 0)));
  ::close(fd);
  return result == 0 && answer.starts_with(answer_.empty() ? "STAT pid " + std::to_string(pid_) + "\r\n" : answer_);
}

void memcached::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
}

void memcached::pause() {
  ::kill(pid_, SIGSTOP);
  int status = 0;
  ::waitpid(pid_, &status, WUNTRACED);
}

void memcached::resume() { ::kill(pid_, SIGCONT); }

}  // namespace cmemcache::test
