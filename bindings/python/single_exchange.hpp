#pragma once

#include "exchange.hpp"
#include "values.hpp"

namespace cmemcache::python {

/// The exchange of a verb about one key: nothing of it is allocated.
///
/// `answer` is all that a result is made of. Its value may lie anywhere that outlives the making: in values(), where
/// the engine puts it, or with whoever has carried the exchange out.
class single_exchange final : public exchange {
 public:
  single_exchange(PyObject* self, bound_client& client, verb op) noexcept
      : exchange(self, client, op), values_({&answer, 1}) {}

  /// Encodes the key. False: an exception is set.
  bool read_key(PyObject* object) {
    if (!python::read_key(client, object, keys_of::single, key)) return false;
    asked.key = key.bytes;
    return true;
  }

  /// Deals with trouble. False: an exception is set.
  bool settle() { return exchange::settle(values_, {&key, 1}); }

  answers& values() noexcept { return values_; }

  /// What the key is placed by instead of its bytes, or nothing.
  std::span<const routing::stand_in> stand_ins() const noexcept { return {&key.stand_in, key.has_stand_in() ? 1u : 0u}; }

  key_text key;
  value_text text;                ///< stores: the value
  reference tokens;               ///< gets: the dict that its token is kept in, where it is kept
  PyObject* otherwise = nullptr;  ///< get: what a miss is; borrowed, null for None
  protocol::element asked{.key = {}};
  item answer;

 private:
  answers values_;
};

}  // namespace cmemcache::python
