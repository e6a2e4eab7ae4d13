#pragma once

#include "cli/settings.hpp"

#include <cmemcache/reply.hpp>

#include <string_view>

namespace cli {

/// 0 where `s` says that the request did what its name says, 1 where the server said no.
exit_code code_of(cmemcache::status s) noexcept;

/// Prints what became of a store, a touch or a delete: the status in words, or the JSON document.
int report_status(const settings& s, std::string_view key, const cmemcache::reply& r);

/// Prints the number that incr or decr brought. Where there is none, standard output stays empty and standard error
/// says so: `n=$(cmemcache incr visits)` is a number or nothing.
int report_number(const settings& s, std::string_view key, const cmemcache::reply& r);

}  // namespace cli
