#include "support/doorkeepers.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "support/frames.hpp"

namespace cmemcache::test {

namespace {

// Gone with the program.
const std::filesystem::path& folder() {
  struct made {
    std::filesystem::path path = std::filesystem::temp_directory_path() / ("cmemcache_doors_" + std::to_string(::getpid()));
    made() { std::filesystem::create_directories(path); }
    ~made() { std::filesystem::remove_all(path); }
  };
  static const made one;
  return one.path;
}

void write(const std::string& name, const std::string& text) { std::ofstream(folder() / name) << text; }

}  // namespace

std::unique_ptr<memcached> server_with_passwords() {
  write("passwords", "grace:hopper\nada:secret\n");
  return std::make_unique<memcached>(std::vector<std::string>{"-Y", folder() / "passwords"},
                                     "set who 0 0 10\r\nada secret\r\n", "STORED\r\n");
}

std::unique_ptr<memcached> server_with_sasl() {
  const std::string database = folder() / "sasldb2";
  write("memcached.conf", "mech_list: plain\npwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: " + database + "\n");
  const std::string made = "echo secret | /usr/sbin/saslpasswd2 -p -c -a memcached -f " + database + " ada";
  if (std::system(made.c_str()) != 0) throw std::runtime_error("no SASL user: is the Debian package sasl2-bin installed?");
  ::setenv("SASL_CONF_PATH", folder().c_str(), 1);
  return std::make_unique<memcached>(std::vector<std::string>{"-S"}, asks({.code = 0x0b}), std::string("\x81\x0b"));
}

}  // namespace cmemcache::test
