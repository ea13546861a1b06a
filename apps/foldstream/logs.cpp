// `logs`: the story of one target, from its run folder.
#include "commands.hpp"
#include "joint_status.hpp"
#include "progress.hpp"
#include "run_folder.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>
#include <memory>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

struct LogsOptions {
  fs::path run;
  std::string target;
};

std::string time_text(std::int64_t nanoseconds) {
  const std::time_t seconds = static_cast<std::time_t>(nanoseconds / 1'000'000'000);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(seconds));
}

[[noreturn]] void throw_unknown(const LogsOptions& options,
                                const std::vector<io::StoredInfo>& stored) {
  std::vector<std::string> names;
  for (const io::StoredInfo& info : stored) names.push_back(info.target);
  throw Error(ErrorKind::NotFound, options.run.string() + ": nothing is known of a target '" +
                                       options.target + "'." + did_you_mean(options.target, names));
}

int show(const LogsOptions& options) {
  const auto store = open_run(options.run, [](const auto& damage) {
    fmt::print(stderr, "damaged: {}\n", to_string(damage));
  });
  const std::vector<io::StoredInfo> all = store->stored();
  std::vector<io::StoredInfo> own;
  std::ranges::copy_if(all, std::back_inserter(own),
                       [&](const auto& info) { return info.target == options.target; });
  std::ranges::sort(own, {}, &io::StoredInfo::saved_at);
  RunStatus status;
  if (fs::exists(options.run / "status.json") || fs::exists(options.run / "jobs"))
    status = campaign_status(options.run);
  std::erase_if(status.failures,
                [&](const FailedTask& failure) { return failure.target != options.target; });
  if (own.empty() && status.failures.empty()) throw_unknown(options, all);
  fmt::print("{:<20} {:<14} {:>9} {:>10}  {}\n", "stored", "task", "took", "bytes", "in");
  for (const io::StoredInfo& info : own)
    fmt::print("{:<20} {:<14} {:>9} {:>10}  {}{}\n", time_text(info.saved_at), info.task,
               clock_text(info.seconds), bytes_text(static_cast<double>(info.bytes)),
               info.file.empty() ? "the journal" : info.file, info.group);
  for (const io::StreamInfo& stream : store->stored_streams())
    if (stream.label.target == options.target)
      fmt::print("{:<20} {:<14} {:>9} {:>10}  stream '{}', {} chunks{}\n",
                 time_text(stream.last_at), stream.label.task, "",
                 bytes_text(static_cast<double>(stream.bytes)), stream.label.port, stream.chunks,
                 stream.is_complete ? "" : ", not at its end");
  for (const FailedTask& failure : status.failures)
    fmt::print("failed: {} ({}): {}\n", failure.task, failure.kind, failure.message);
  const fs::path folder = options.run / "targets" / io::safe_file_name(options.target);
  if (fs::exists(folder)) fmt::print("files: {}\n", folder.string());
  return all_done;
}

}  // namespace

void add_logs(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "logs", "Tell the story of one target of a campaign: what was computed when, what failed");
  const auto options = std::make_shared<LogsOptions>();
  command->add_option("RUN", options->run, "folder that --out of the run named")->required();
  command->add_option("TARGET", options->target, "name of the target, as in the FASTA file")
      ->required();
  command->footer(
      "'foldstream why' says why a task would be computed again.\n\nExample:\n  foldstream logs "
      "results P12345");
  command->callback([&action, options] { action = [options] { return show(*options); }; });
}

}  // namespace foldstream::apps
