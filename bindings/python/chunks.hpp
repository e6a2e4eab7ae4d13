#pragma once

#include "exchange.hpp"
#include "values.hpp"

namespace cmemcache::python {

/// libmc cuts a value of over 1,000,000 bytes into chunks of that size and puts each under a key of its own, with the
/// value's flags: `~{length of key}{key}/{0, 1, ...}`. Under the key itself is then how many there are.
///
/// Here these are other calls, which block, each with a deadline of its own.

/// A value put together again.
struct chunks {
  reference whole;                  ///< as bytes
  const char* complaint = nullptr;  ///< why there is none, if that is wrong and not only a chunk that is missing
};

/// Fetches what `head` says that the value of `key`, whose flags are `flags`, lies under. Neither a value nor a complaint:
/// an exception is set, or a chunk is missing.
chunks fetch_chunks(const exchange& by, const key_text& key, const item& head, std::uint32_t flags);

/// Whether libmc would cut the value that `by` is to store.
bool is_to_be_cut(const exchange& by, const key_text& key, const protocol::element& e) noexcept;

/// Stores the value of `e`, which lies in `text`, in chunks, and makes `e` and `text` the number of them, for `by` to store.
/// `stored`: whether it is to. False: an exception is set.
bool store_chunks(const exchange& by, const key_text& key, value_text& text, protocol::element& e, bool& stored);

}  // namespace cmemcache::python
