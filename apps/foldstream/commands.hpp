// The subcommands: each adds itself to the command line and names what it does.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace foldstream::apps {

/// Exit codes of the command.
enum Exit : int {
  all_done = 0,
  internal_error = 1,
  bad_input = 2,
  some_failed = 3,
  all_failed = 4,
  drained = 75,  ///< EX_TEMPFAIL: run again to go on
};

/// What the chosen subcommand does; gives the exit code.
using Action = std::function<int()>;

void add_fold(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);
void add_plan(CLI::App& app, Action& action);
void add_why(CLI::App& app, Action& action);
void add_streams(CLI::App& app, Action& action);
void add_export(CLI::App& app, Action& action);
void add_list(CLI::App& app, Action& action);
void add_db(CLI::App& app, Action& action);
void add_models(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_sample(CLI::App& app, Action& action);
void add_train(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);
void add_logs(CLI::App& app, Action& action);
void add_merge(CLI::App& app, Action& action);
void add_status(CLI::App& app, Action& action);
void add_cancel(CLI::App& app, Action& action);
void add_submit(CLI::App& app, Action& action);
void add_version(CLI::App& app, Action& action);

/// "foldstream 0.1.0".
std::string version_text();

}  // namespace foldstream::apps
