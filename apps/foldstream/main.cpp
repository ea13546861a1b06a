// The foldstream command: argv in, exit code out.
#include "commands.hpp"
#include "fast_blas.hpp"
#include "ranks.hpp"

#include <foldstream/error.hpp>

#include <fmt/core.h>

#include <cstdio>
#include <exception>
#include <new>

namespace foldstream::apps {
namespace {

int code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidArgument:
    case ErrorKind::NotFound:
    case ErrorKind::Parse:
    case ErrorKind::Io:
    case ErrorKind::Unsupported:
    case ErrorKind::Resources: return bad_input;
    case ErrorKind::Cancelled: return drained;
    default: return internal_error;
  }
}

void add_long_names(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
}

/// What CLI11 says, with the near miss of an unknown word.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::string message = error.what();
  const CLI::App* command = &app;
  std::vector<std::string> commands;
  for (const CLI::App* sub : app.get_subcommands({})) {
    commands.push_back(sub->get_name());
    if (sub->parsed()) command = sub;
  }
  for (const CLI::App* sub : command->get_subcommands({}))
    if (command != &app && sub->parsed()) command = sub;
  std::vector<std::string> flags;
  add_long_names(*command, flags);
  for (int i = 1; i < argc; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
    if (message.find(word) == std::string::npos) continue;
    message += did_you_mean(word, word.starts_with("-") ? flags : commands);
    break;
  }
  std::string help = "foldstream";
  if (command != &app) help += " " + command->get_name();
  return message + "\nSee '" + help + " --help'.";
}

void make_command_line(CLI::App& app, Action& action) {
  app.name("foldstream");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", version_text());
  app.footer(
      "Examples:\n"
      "  foldstream db build uniref.fasta.gz uniref.fsdb\n"
      "  foldstream fold my.fasta --database uniref.fsdb --out results\n"
      "  foldstream fold my.fasta --msa my.a3m --models 3\n"
      "  mpirun -n 4 foldstream fold many.fasta --database uniref.fsdb\n"
      "\n'foldstream COMMAND --help' explains each command.");
  add_fold(app, action);
  add_run(app, action);
  add_plan(app, action);
  add_submit(app, action);
  add_cancel(app, action);
  add_status(app, action);
  add_logs(app, action);
  add_merge(app, action);
  add_why(app, action);
  add_streams(app, action);
  add_export(app, action);
  add_list(app, action);
  add_db(app, action);
  add_models(app, action);
  add_compare(app, action);
  add_sample(app, action);
  add_train(app, action);
  add_doctor(app, action);
  add_version(app, action);
}

/// Messages come from one rank; the others fail in the same way, silently.
int complain(const std::string& message, int code) {
  if (is_first_rank()) fmt::print(stderr, "foldstream: {}\n", message);
  return code;
}

int run_command(int argc, char** argv) {
  CLI::App app{"From protein sequences to refined structures: search, predict, refine."};
  Action action;
  make_command_line(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked_for_help) {
    return is_first_rank() ? app.exit(asked_for_help) : 0;
  } catch (const CLI::ParseError& error) {
    return complain(usage_message(app, error, argc, argv), bad_input);
  }
  if (!action) {
    if (is_first_rank()) fmt::print("{}", app.help());
    return bad_input;
  }
  return action();
}

}  // namespace
}  // namespace foldstream::apps

namespace {

int run_guarded(int argc, char** argv) {
  using namespace foldstream::apps;
  try {
    return run_command(argc, argv);
  } catch (const foldstream::Error& error) {
    return complain(error.what(), code_of(error.kind()));
  } catch (const std::bad_alloc&) {
    return complain("out of memory. Fold fewer or shorter targets at once (--threads, --max-length).",
                    internal_error);
  } catch (const std::exception& error) {
    return complain(std::string("internal error: ") + error.what(), internal_error);
  }
}

}  // namespace

int main(int argc, char** argv) {
  foldstream::apps::use_fast_blas(argv);
  return foldstream::apps::end_process(run_guarded(argc, argv));
}
