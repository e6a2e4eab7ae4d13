#include "multi_exchange.hpp"

#include "errors.hpp"
#include "protocol/key.hpp"

namespace cmemcache::python {

bool multi_exchange::take_keys(PyObject* iterable) {
  if (!keys_.take(iterable)) return false;
  make_places(keys_.objects());
  return true;
}

bool multi_exchange::take_pairs(PyObject* mapping) {
  if (!pairs_.take(mapping)) return false;
  make_places(pairs_.keys());
  return true;
}

void multi_exchange::make_places(python::objects objects) {
  objects_ = objects;
  keys = std::vector<key_text>(objects.size());
  elements.resize(objects.size());
  items.resize(objects.size());
  values_.emplace(items);
}

bool multi_exchange::read_keys(PyObject* prefix) {
  if (!read_prefix(client, prefix, prefix_, what.prefix)) return false;
  for (std::size_t slot = 0; slot < keys.size(); ++slot) {
    key_text& key = keys[slot];
    protocol::element& e = elements[slot];
    if (!read_key(client, objects_[slot], keys_of::multi, key)) return false;
    e.key = key.bytes;
    e.slot = static_cast<std::uint32_t>(slot);
    if (!protocol::is_good_key(key.bytes, what.prefix.size())) {
      raise_key_error(protocol::check_key(key.bytes, what.prefix.size()), key.object);
      return false;
    }
    if (!key.hash) continue;
    hashes_.resize(keys.size());
    hashes_[slot] = key.hash;
  }
  if (!is_storage(what.op)) checked = true;  // a store's values are still to be read
  return true;
}

}  // namespace cmemcache::python
