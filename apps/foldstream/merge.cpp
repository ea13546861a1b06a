// `merge`: the results of several run folders in one, with one report.
#include "commands.hpp"
#include "joint_status.hpp"
#include "progress.hpp"
#include "results_folder.hpp"
#include "run_folder.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

struct MergeOptions {
  std::vector<fs::path> runs;
  fs::path out;
};

void check(const MergeOptions& options) {
  if (fs::exists(options.out))
    throw Error(ErrorKind::InvalidArgument,
                "--out " + options.out.string() + " is there already. Name a new folder.");
  const std::string digest = input_digest(options.runs.front());
  for (const fs::path& run : options.runs) {
    if (input_digest(run) != digest)
      throw Error(ErrorKind::InvalidArgument,
                  run.string() + " and " + options.runs.front().string() +
                      " belong to different inputs: only parts of one campaign are merged.");
    if (const std::string state = campaign_status(run).state; state != "ended")
      throw Error(ErrorKind::InvalidArgument, run.string() + " is not at its end (" + state +
                                                  "): run it again first, to the end.");
  }
}

/// Chunk by chunk: a stream may be larger than memory.
void copy_stream(StreamStore& from, StreamStore& to, const io::StreamInfo& stream) {
  if (!stream.is_complete || to.find(stream.id)) return;
  to.open(stream.id, stream.type, stream.label);
  struct Told {
    std::mutex mutex;
    std::exception_ptr failure;
  };
  const auto told = std::make_shared<Told>();  // a read may throw while chunks are on their way
  for (std::int64_t i = 0; i < stream.chunks; ++i)
    to.append(stream.id, from.read(stream.id, i), [told](std::exception_ptr problem) {
      const std::scoped_lock lock(told->mutex);
      if (problem && !told->failure) told->failure = problem;
    });
  to.finish(stream.id);  // behind it, all chunks have been told of
  if (told->failure) std::rethrow_exception(told->failure);
}

/// Every byte is checked on the way.
void copy_results(const fs::path& run, io::RunStore& to) {
  const auto from = open_run(
      run, [](const auto& damage) { fmt::print(stderr, "damaged: {}\n", to_string(damage)); });
  int tasks = 0;
  for (const io::StoredInfo& info : from->stored()) {
    if (to.contains(info.key)) continue;
    const auto task = from->load(info.key);
    if (!task) continue;  // damaged, and told
    to.save(info.key, *task);
    ++tasks;
  }
  for (const io::StreamInfo& stream : from->stored_streams())
    copy_stream(*from->streams(), *to.streams(), stream);
  fmt::print(stderr, "{}: {} results\n", run.string(), tasks);
}

void copy_targets(const fs::path& run, const fs::path& out) {
  if (!fs::exists(run / "targets")) return;
  fs::create_directories(out / "targets");
  fs::copy(run / "targets", out / "targets",
           fs::copy_options::recursive | fs::copy_options::skip_existing);
}

/// The lives of all, as what went before the run that writes the report.
void write_lives(const MergeOptions& options) {
  RunStatus status = campaign_status(options.runs.front());
  status.lives.clear();
  for (const fs::path& run : options.runs) {
    const RunStatus own = campaign_status(run);
    status.lives.insert(status.lives.end(), own.lives.begin(), own.lives.end());
  }
  write_status(options.out, status);
}

/// Runs the campaign on what was merged, which is all found.
int run_again(CampaignCommand command, const fs::path& out) {
  command.words.insert(command.words.end(), {"--out", out.string()});
  if (fs::exists(command.folder)) fs::current_path(command.folder);
  CLI::App app;
  Action action;
  add_run(app, action);
  std::ranges::reverse(command.words);  // as CLI11 takes them
  try {
    app.parse(std::move(command.words));
  } catch (const CLI::ParseError& error) {
    throw Error(
        ErrorKind::InvalidArgument,
        std::string(
            "the results are merged, but the command in campaign.json cannot be given again (") +
            error.what() + "). Run the campaign with --out " + out.string() + " for the report.");
  }
  return action();
}

int merge(const MergeOptions& options) {
  check(options);
  const fs::path out = fs::absolute(options.out);
  const CampaignCommand command = read_command(options.runs.front());
  const fs::path partial = out.string() + ".partial";
  if (fs::exists(partial) && !fs::exists(partial / "ranks"))
    throw Error(ErrorKind::InvalidArgument,
                partial.string() + " is there, and not what a merge has left. Move it away.");
  fs::remove_all(partial);
  fs::create_directories(partial);
  fs::permissions(partial, fs::perms::owner_all);
  {
    io::RunStore store(partial, 0);
    for (const fs::path& run : options.runs) {
      copy_results(run, store);
      copy_targets(run, partial);
    }
    store.close();
  }
  fs::copy_file(options.runs.front() / "input.json", partial / "input.json");
  write_lives({options.runs, partial});
  fs::rename(partial, out);
  return run_again(command, out);
}

}  // namespace

void add_merge(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("merge", "Join the results of the parts of a campaign, with one report");
  const auto options = std::make_shared<MergeOptions>();
  command
      ->add_option("RUN", options->runs,
                   "folders of runs of one input, each with its --shard, at their end")
      ->required();
  command->add_option("-o,--out", options->out, "folder for all results; must not be there yet")
      ->required();
  command->footer(
      "The input, the database and the models must be where the first of the runs had them: what "
      "all\n"
      "results are found by is made of their contents.\n\n"
      "Example:\n"
      "  foldstream fold many.fasta --database uniref.fsdb --shard 1/2 --out part1     # on one "
      "cluster\n"
      "  foldstream fold many.fasta --database uniref.fsdb --shard 2/2 --out part2     # on "
      "another\n"
      "  foldstream merge part1 part2 --out all");
  command->callback([&action, options] { action = [options] { return merge(*options); }; });
}

}  // namespace foldstream::apps
