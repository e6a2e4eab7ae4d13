#pragma once

#include <vector>

#include "support/script.hpp"

/// The tables that the session tests play: whole, chopped, and with faults.
namespace cmemcache::test {

const std::vector<exchange>& text_exchanges();
const std::vector<exchange>& meta_exchanges();
const std::vector<exchange>& binary_exchanges();
const std::vector<exchange>& authentications();

/// All of them.
const std::vector<exchange>& all_exchanges();

}  // namespace cmemcache::test
