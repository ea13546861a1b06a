#include "commands.hpp"

#include <foldstream/thread_executor.hpp>
#include <foldstream/workflows/search/database.hpp>

#include <fmt/core.h>
#include <unistd.h>

#include <memory>

namespace foldstream::apps {
namespace {

namespace search = workflows::search;

Context printing_context() {
  Context context;
  context.threads = usable_threads();
  const bool is_terminal = isatty(STDERR_FILENO) == 1;
  context.warn = [](std::string_view message) { fmt::print(stderr, "warning: {}\n", message); };
  if (is_terminal)
    context.progress = [](double fraction, std::string_view what) {
      fmt::print(stderr, "\r\033[K{:3.0f} %  {}", 100 * fraction, what);
    };
  return context;
}

int build(const std::string& fasta, const std::string& out) {
  const search::BuildReport report = search::build_database(fasta, out, printing_context());
  if (isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\033[K");
  fmt::print("{}: {} sequences, {} residues, {:.1f} MB, in {:.1f} s{}\n", out,
             report.info.sequences, report.info.residues,
             static_cast<double>(report.info.bytes) / 1e6, report.seconds,
             report.skipped == 0 ? "" : fmt::format(" ({} empty records left out)", report.skipped));
  return all_done;
}

int info(const std::string& path) {
  const search::Database database = search::Database::open(path, printing_context());
  const search::DatabaseInfo& facts = database.info();
  fmt::print("file       {}\nkind       {}\nsequences  {}\nresidues   {}\nlongest    {}\n", path,
             facts.packed ? "packed (.fsdb)" : "FASTA, read into memory", facts.sequences,
             facts.residues, facts.longest);
  fmt::print("bytes      {}\ndigest     {}\n", facts.bytes, to_string(facts.digest));
  return all_done;
}

}  // namespace

void add_db(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("db", "Build and inspect sequence databases");
  command->require_subcommand(1);
  const auto from = std::make_shared<std::string>();
  const auto to = std::make_shared<std::string>();
  CLI::App* make = command->add_subcommand("build", "Pack a FASTA file into one .fsdb file");
  make->add_option("FASTA", *from, "sequences (.gz, .zst too)")->required();
  make->add_option("OUT", *to, "the database file, NAME.fsdb")->required();
  make->footer("Example:\n  foldstream db build uniref50.fasta.gz uniref50.fsdb");
  make->callback([&action, from, to] { action = [from, to] { return build(*from, *to); }; });
  CLI::App* show = command->add_subcommand("info", "Say what a database holds");
  show->add_option("DATABASE", *from, ".fsdb or FASTA file")->required();
  show->footer("Example:\n  foldstream db info uniref50.fsdb");
  show->callback([&action, from] { action = [from] { return info(*from); }; });
}

}  // namespace foldstream::apps
