#pragma once

#include "cli/bench_result.hpp"
#include "cli/settings.hpp"

namespace cli {

/// Prints what was measured, for people or as the JSON document, and complains of what went wrong. 0 when nothing did:
/// misses are figures like others, errors and wrong values are trouble.
int report_bench(const settings& s, const bench_plan& plan, const bench_result& r);

}  // namespace cli
