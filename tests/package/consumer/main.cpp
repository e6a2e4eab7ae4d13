/// Somebody else's program: stores with one client and reads with the other, so that all of the library has to be there.
///
///     consumer SERVER

#include <cmemcache/cmemcache.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  cmemcache::blocking_client blocking(
      {cmemcache::server(argv[1])},
      {.distribution = cmemcache::distribution::ketama, .hash = cmemcache::hash_kind::md5});  // somebody else's md5
  if (!blocking.set("consumer", "served", 60)) return 1;

  boost::asio::io_context io;
  cmemcache::client asynchronous(io, {cmemcache::server(argv[1])});
  asynchronous.async_get("consumer", [](cmemcache::error_code ec, const cmemcache::reply& r) {
    std::cout << (ec ? ec.message() : std::string(r.value)) << ", by " << cmemcache::library_version << '\n';
  });
  io.run();
}
