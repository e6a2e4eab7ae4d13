#pragma once

#include "cli/bench_result.hpp"
#include "cli/settings.hpp"

namespace cli {

/// Stores keys of its own, makes the calls of the plan on them, and deletes the keys. SIGINT and SIGTERM end it early:
/// what was measured until then is returned, and the keys are deleted all the same. A second one ends the program.
/// Throws cmemcache::error when not even the keys could be stored.
bench_result run_bench(const settings& s, const bench_plan& plan);

}  // namespace cli
