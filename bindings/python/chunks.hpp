#pragma once

#include "exchange.hpp"

namespace cmemcache::python {

/// libmc cuts a value of over 1,000,000 bytes into chunks of that size and puts each under a key of its own, with the
/// value's flags: `~{length of key}{key}/{0, 1, ...}`. Under the key itself is then how many there are.

struct chunks {
  reference whole;                  ///< the value, as bytes
  const char* complaint = nullptr;  ///< why there is none, if that is wrong and not only a chunk that is missing
};

/// Fetches what `head` says that the value of `key`, whose flags are `flags`, lies under, with another call, which blocks.
/// Neither a value nor a complaint: an exception is set, or a chunk is missing.
chunks fetch_chunks(const exchange& by, const key_text& key, const item& head, std::uint32_t flags);

}  // namespace cmemcache::python
