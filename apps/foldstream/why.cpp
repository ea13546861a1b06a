#include <foldstream/why.hpp>

#include "campaign_options.hpp"
#include "commands.hpp"
#include "progress.hpp"
#include "targets.hpp"

#include <foldstream/io/run_store.hpp>
#include <foldstream/io/text_file.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <optional>

namespace foldstream::apps {
namespace {

struct WhyOptions {
  CampaignOptions campaign = {};
  std::string task;
  std::string target = {};
};

/// What is stored of one target.
class StoredTasks {
 public:
  StoredTasks(const std::filesystem::path& folder, const std::string& target) {
    if (!std::filesystem::is_directory(folder)) return;
    for (io::StoredInfo& info : io::RunStore(folder).stored())
      if (info.target == target) all_.push_back(std::move(info));
  }
  bool contains(const Key& key) const {
    return std::ranges::find(all_, key, &io::StoredInfo::key) != all_.end();
  }
  /// What was stored last for a task; nothing if none was.
  const io::StoredInfo* latest(const std::string& task) const {
    const io::StoredInfo* latest = nullptr;
    for (const io::StoredInfo& info : all_)
      if (info.task == task && (latest == nullptr || info.saved_at > latest->saved_at)) latest = &info;
    return latest;
  }

 private:
  std::vector<io::StoredInfo> all_;
};

/// Whether `port` of a task is fed by another task.
std::optional<std::string> producer_of(const Graph& graph, const std::string& task,
                                       const std::string& port) {
  const int index = graph.index_of(task);
  for (const int edge : graph.incoming(index))
    if (const Edge& found = graph.edges()[static_cast<std::size_t>(edge)]; found.to_port == port)
      return graph.tasks()[static_cast<std::size_t>(found.from_task)]->name;
  return std::nullopt;
}

void print_changes(const Graph& graph, const StoredTasks& stored, const ExpectedKey& expected) {
  const io::StoredInfo* latest = stored.latest(expected.task);
  if (latest == nullptr)
    return fmt::print("  {}: computed, since it never was for this target\n", expected.task);
  if (latest->fields.empty())
    return fmt::print("  {}: computed; what is stored does not say what it was made of\n", expected.task);
  fmt::print("  {}: computed, since what it is made of has changed:\n", expected.task);
  for (const FieldChange& change : field_changes(latest->fields, expected.fields)) {
    if (const auto producer = producer_of(graph, expected.task, change.name))
      fmt::print("    input '{}': comes from '{}', which has changed\n", change.name, *producer);
    else if (change.stored.empty())
      fmt::print("    {}: now {}; was not there\n", change.name,
                 change.expected.empty() ? "there" : change.expected);
    else
      fmt::print("    {}: {} -> {}\n", change.name, change.stored,
                 change.expected.empty() ? "gone" : change.expected);
  }
}

/// What the trace of the last run says of waiting.
void print_waits(const std::filesystem::path& folder, const std::string& target,
                 const std::string& task) {
  const std::filesystem::path file = folder / "trace.json";
  if (!std::filesystem::exists(file)) return;
  const auto trace = nlohmann::json::parse(io::read_text_file(file), nullptr, false);
  if (trace.is_discarded()) return;
  for (const auto& event : trace.at("traceEvents")) {
    const auto& args = event.value("args", nlohmann::json::object());
    if (event.value("ph", "") != "b" || event.value("name", "") != "wait: " + task ||
        args.value("target", "") != target)
      continue;
    fmt::print("  {}: in the last run it waited {} for {}\n", task,
               clock_text(event.value("dur", 0.0) / 1e6), args.value("for", "something"));
  }
}

void explain(const workflows::Workflow& workflow, const Target& target, const WhyOptions& options) {
  const StoredTasks stored(options.campaign.out, target.name);
  fmt::print("{}\n", target.name);
  for (const ExpectedKey& expected : expected_keys(workflow.graph, target)) {
    if (options.task != "all" && expected.task != options.task) continue;
    if (expected.is_given)
      fmt::print("  {}: not run, its outputs come with the target\n", expected.task);
    else if (!expected.key)
      fmt::print("  {}: computed in every run, since its result is never stored\n", expected.task);
    else if (stored.contains(*expected.key))
      fmt::print("  {}: reused, stored as {}\n", expected.task, to_string(*expected.key));
    else
      print_changes(workflow.graph, stored, expected);
    print_waits(options.campaign.out, target.name, expected.task);
  }
}

int why(const WhyOptions& options) {
  const workflows::Catalog catalog = workflows::Catalog::packaged();
  const workflows::Definition definition = define(options.campaign, catalog);
  const workflows::Workflow workflow = workflows::build(definition, catalog);
  if (options.task != "all") workflow.graph.index_of(options.task);  // throws with the near miss
  const Targets targets = read_targets(options.campaign, definition);
  bool is_found = false;
  for (const InputTarget& input : targets.good) {
    if (!options.target.empty() && input.sequence.name != options.target) continue;
    is_found = true;
    explain(workflow, make_target(input, workflow, search_tasks(definition), 0), options);
  }
  if (is_found) return all_done;
  std::vector<std::string> names;
  for (const InputTarget& input : targets.good) names.push_back(input.sequence.name);
  throw Error(ErrorKind::NotFound, options.campaign.input.string() + " has no usable target '" +
                                       options.target + "'." + did_you_mean(options.target, names));
}

}  // namespace

void add_why(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "why", "Say why a task would be computed again, field by field, and what it waited for");
  const auto options = std::make_shared<WhyOptions>();
  command->add_option("TASK", options->task, "task of the workflow, or 'all'")->required();
  command->add_option("--workflow", options->campaign.workflow, "packaged workflow, or a YAML file")
      ->capture_default_str();
  add_campaign_options(*command, options->campaign);
  command->add_option("--target", options->target, "only this sequence");
  command->footer(
      "Takes the options of the run in question: nothing is computed, the results in --out are\n"
      "compared with what the command would make.\n\n"
      "Examples:\n  foldstream why predict my.fasta --msa my.a3m --seed 8\n"
      "  foldstream why all many.fasta --database uniref.fsdb --target P12345");
  command->callback([&action, options] { action = [options] { return why(*options); }; });
}

}  // namespace foldstream::apps
