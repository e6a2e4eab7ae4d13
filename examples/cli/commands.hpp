#pragma once

#include "cli/settings.hpp"

namespace cli {

// Each adds its sub-commands to `app`; the one that is named on the command line sets `chosen`.

/// get, gat, get-multi
void add_read_commands(CLI::App& app, action& chosen);

/// set, add, replace, append, prepend, cas
void add_store_commands(CLI::App& app, action& chosen);

/// incr, decr, touch, delete
void add_change_commands(CLI::App& app, action& chosen);

/// ping, version, stats, flush-all, where
void add_server_commands(CLI::App& app, action& chosen);

/// smoke
void add_smoke_command(CLI::App& app, action& chosen);

/// bench
void add_bench_command(CLI::App& app, action& chosen);

}  // namespace cli
