#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exchange.hpp"
#include "snapshots.hpp"
#include "values.hpp"

namespace cmemcache::python {

/// The exchange of a verb about many keys. The slot of a key is its place in `objects`.
class multi_exchange final : public exchange {
 public:
  using exchange::exchange;

  /// Keeps the keys of what can be iterated over, or those of a mapping and its values. One of the two, once, before
  /// all else: there is a place for each key then. False: an exception is set.
  bool take_keys(PyObject* iterable);
  bool take_pairs(PyObject* mapping);

  /// Encodes and checks all keys, before anything is sent. False: an exception is set.
  bool read_keys(PyObject* prefix);

  /// Deals with trouble. False: an exception is set.
  bool settle() { return exchange::settle(values(), keys); }

  python::objects objects() const noexcept { return objects_; }        ///< the keys as they were given, by slot
  python::objects stored() const noexcept { return pairs_.values(); }  ///< what take_pairs() took with them, by slot
  answers& values() noexcept { return *values_; }

  /// What keys are placed by instead of their bytes, by slot; empty when there is none such.
  const std::vector<routing::stand_in>& stand_ins() const noexcept { return stand_ins_; }

  std::vector<key_text> keys;               // by slot
  std::vector<value_text> texts;            // by slot: those of stores, once their verb has encoded them
  std::vector<protocol::element> elements;  // by slot only until they are carried out
  std::vector<item> items;                  // by slot

 private:
  void make_places(python::objects objects);

  snapshot keys_;
  pairs pairs_;
  python::objects objects_;
  std::string prefix_;
  std::vector<routing::stand_in> stand_ins_;
  std::optional<answers> values_;
};

}  // namespace cmemcache::python
