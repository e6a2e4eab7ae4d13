#pragma once

#include <vector>

#include "support/script.hpp"

/// The tables that the session tests play: whole, chopped, and with faults.
namespace cmemcache::test {

inline const answer miss{.status = status::miss};
inline const answer stored{.status = status::stored};
inline const answer not_stored{.status = status::not_stored};
inline const answer exists{.status = status::exists};
inline const answer not_found{.status = status::not_found};
inline const answer deleted{.status = status::deleted};
inline const answer touched{.status = status::touched};
inline const answer ok{.status = status::ok};

const std::vector<exchange>& text_exchanges();
const std::vector<exchange>& meta_exchanges();
const std::vector<exchange>& binary_exchanges();
const std::vector<exchange>& authentications();

/// All of them.
const std::vector<exchange>& all_exchanges();

}  // namespace cmemcache::test
