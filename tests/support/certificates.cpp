#include "support/certificates.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace cmemcache::test {

namespace {

struct folder {
  folder() : maker(::getpid()) {
    path = std::filesystem::temp_directory_path() / ("cmemcache_certificates_" + std::to_string(maker));
    std::filesystem::create_directory(path);
    const std::string command = std::string("'") + CMEMCACHE_TEST_VECTORS_DIR "/../support/make_certificates' " + path.string();
    if (std::system(command.c_str()) != 0) throw std::runtime_error("no certificates: is the Debian package openssl installed?");
  }
  ~folder() {
    std::error_code ignored;
    if (maker == ::getpid()) std::filesystem::remove_all(path, ignored);
  }

  const pid_t maker;
  std::filesystem::path path;
};

}  // namespace

std::string certificate(std::string_view file) {
  static const folder made;
  return made.path / file;
}

tls_options trusting_our_ca() { return {.ca_file = certificate("ca.pem")}; }

}  // namespace cmemcache::test
