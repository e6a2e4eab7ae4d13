#pragma once

#include <memory>
#include <string>
#include <vector>

#include <cmemcache/server.hpp>

#include "blocking_engine.hpp"
#include "profiles.hpp"
#include "reference.hpp"

namespace cmemcache::python {

class async_engines;

/// Whether a client is still there, for those who do not keep it. Used with the GIL held.
struct client_life {
  bool ended = false;
};

/// What a Python client holds in C++: the engine, and the options that the verbs look at. The C++ half of
/// `_cmemcache.ClientBase`, whose Boost.Python instance owns it.
///
/// Used with the GIL held, except that the engine may also be used without. Whatever of the engine's may wait for a
/// lock must be: a call that holds the lock may be waiting for the GIL.
class bound_client {
 public:
  /// `options` is what cmemcache._options makes. A failure throws python_error_set.
  bound_client(PyObject* servers, PyObject* options);
  bound_client(const bound_client&) = delete;
  bound_client& operator=(const bound_client&) = delete;

  ~bound_client();

  blocking_engine& engine() const noexcept { return *engine_; }

  /// The engines of the calls that do not block.
  async_engines& asynchronous() const noexcept { return *asynchronous_; }

  /// Shared with the calls under way, which may outlive the client.
  const std::shared_ptr<client_life>& life() const noexcept { return life_; }

  /// The Python object is going away: what is under way may not use it any more.
  void end() noexcept;

  /// Closes every connection, and has calls under way and later ones fail with ClosedError.
  void close();
  void disconnect_all();
  void forget_dead_hosts();

  profile values = profile::raw;
  bool raises = false;             ///< errors="raise"
  bool cache_cas = false;          ///< gets() remembers its token
  bool plain_keys = true;          ///< no key_encoder, and no limit on keys but memcached's
  bool places_characters = false;  ///< keys are placed by what pymemcache hashes, instead of their bytes
  std::size_t max_key_length = 0;  ///< server_max_key_length
  reference key_encoder;           ///< none when there is no such callable
  reference serializer;            ///< profile::object: what has dumps() and loads()

 private:
  std::unique_ptr<blocking_engine> engine_;
  std::shared_ptr<client_life> life_;
  std::unique_ptr<async_engines> asynchronous_;
};

/// A Python exception is set; it is all there is to say.
struct python_error_set {};

/// The servers of an iterable of `"host:port"` and `(server, weight)`. False: an exception is set.
bool read_servers(PyObject* iterable, std::vector<server>& out);

}  // namespace cmemcache::python
