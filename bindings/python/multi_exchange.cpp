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
  const std::string_view own_prefix = what.prefix.substr(client.engine().options().key_prefix.size());
  const bool slowly = client.places_characters && !own_prefix.empty();
  for (std::size_t slot = 0; slot < keys.size(); ++slot) {
    key_text& key = keys[slot];
    protocol::element& e = elements[slot];
    if (slowly ? !read_key_slowly(client, objects_[slot], keys_of::multi, key, own_prefix)
               : !read_key(client, objects_[slot], keys_of::multi, key))
      return false;
    e.key = key.bytes;
    e.slot = static_cast<std::uint32_t>(slot);
    if (!protocol::is_good_key(key.bytes, what.prefix.size())) {
      raise_key_error(protocol::check_key(key.bytes, what.prefix.size()), key.object);
      return false;
    }
    if (!key.has_stand_in()) continue;
    stand_ins_.resize(keys.size());
    stand_ins_[slot] = key.stand_in;
  }
  if (!is_storage(what.op)) checked = true;  // a store's values are still to be read
  return true;
}

}  // namespace cmemcache::python
