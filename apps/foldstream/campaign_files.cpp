#include "campaign_files.hpp"

#include "commands.hpp"
#include "rank_files.hpp"
#include "target_values.hpp"

#include <foldstream/io/text_file.hpp>
#include <foldstream/workflows/report/run_files.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>

namespace foldstream::apps {
namespace {

namespace report = workflows::report;

/// Targets are run in another order than they were read in.
std::vector<TargetOutcome> in_input_order(const CampaignResult& result) {
  std::vector<TargetOutcome> outcomes = result.outcomes;
  const auto number = [&](const TargetOutcome& outcome) {
    return result.targets.good[static_cast<std::size_t>(outcome.index)].number;
  };
  std::ranges::sort(outcomes, std::less(), number);
  return outcomes;
}

/// "took 1:23, at least 1:10 on 2 threads (work 2:20, longest chain 0:50); idle: 8 % data, …".
std::string time_text(const Efficiency& time) {
  std::string text = fmt::format(
      "time: {}; the least on {} threads: {} (work {}, longest chain {})",
      clock_text(time.makespan), time.threads, clock_text(time.lower_bound), clock_text(time.work),
      clock_text(time.critical_path));
  const double all = std::max(1e-9, time.makespan * time.threads);
  std::string idle;
  for (const auto& [cause, seconds] : time.idle)
    if (seconds >= 0.005 * all)
      idle += fmt::format("{}{:.0f} % {}", idle.empty() ? "" : ", ", 100 * seconds / all, cause);
  if (!idle.empty()) text += "; threads idle: " + idle;
  if (time.failed_work >= 0.005 * all)
    text += fmt::format("; {:.0f} % went into attempts that failed", 100 * time.failed_work / all);
  return text;
}

std::vector<report::Failure> failures(const CampaignResult& result) {
  std::vector<report::Failure> all;
  for (const Refusal& refusal : result.targets.refused)
    all.push_back({refusal.name, "input", std::string(to_string(ErrorKind::Parse)), refusal.message});
  for (const TargetOutcome& target : in_input_order(result)) {
    for (std::size_t i = 0; i < target.tasks.size(); ++i) {
      const Outcome& outcome = target.tasks[i];
      if (outcome.state != State::failed) continue;
      all.push_back({target.name, result.workflow.graph.tasks()[i]->name,
                     std::string(to_string(outcome.kind)), outcome.message});
    }
  }
  return all;
}

/// Of a run with --offline.
std::string network_text(const std::filesystem::path& out) {
  const std::int64_t calls = refused_calls(out / "ranks").value_or(0);
  return calls == 0 ? "offline: nothing but MPI asked for it" : fmt::format("offline: {} calls were refused", calls);
}

report::RunFacts facts(const CampaignResult& result) {
  std::vector<std::string> settings;
  for (const workflows::DefinedTask& task : result.definition.tasks)
    for (const workflows::Setting& setting : task.settings)
      settings.push_back(task.name + "." + setting.name + "=" + setting.value);
  std::int64_t good = 0;
  for (const TargetOutcome& target : result.outcomes) good += target.is_good() ? 1 : 0;
  std::map<std::string, std::string> idle;
  for (const auto& [cause, seconds] : result.efficiency.idle)
    idle[cause] = fmt::format("{:.3f}", seconds);
  std::vector<std::string> lives;
  for (const Life& life : result.lives) lives.push_back(life_text(life));
  return {{"version", version_text()},
          {"workflow", result.definition.name},
          {"settings", settings},
          {"input", result.options.input.filename().string()},
          {"input_digest", to_string(key_of(io::read_text_file(result.options.input)))},
          {"ranks", std::int64_t{result.ranks}},
          {"seconds", result.seconds},
          {"targets", static_cast<std::int64_t>(result.targets.good.size())},
          {"targets_done", good},
          {"targets_refused", static_cast<std::int64_t>(result.targets.refused.size())},
          {"interrupted", result.was_interrupted},
          {"energy", result.energy},
          {"network", result.options.is_offline ? network_text(result.options.out) : "not watched"},
          {"lives", lives},
          {"makespan_seconds", result.efficiency.makespan},
          {"lower_bound_seconds", result.efficiency.lower_bound},
          {"work_seconds", result.efficiency.work},
          {"critical_path_seconds", result.efficiency.critical_path},
          {"failed_seconds", result.efficiency.failed_work},
          {"idle_thread_seconds", idle}};
}

io::RunSummary run_summary(const CampaignResult& result) {
  io::RunSummary summary;
  summary.provenance = {{"version", version_text()},
                        {"workflow", result.definition.name},
                        {"input", result.options.input.filename().string()},
                        {"ranks", std::to_string(result.ranks)}};
  for (const workflows::DefinedTask& task : result.definition.tasks)
    for (const workflows::Setting& setting : task.settings)
      summary.provenance["option " + task.name + "." + setting.name] = setting.value;
  for (const TargetOutcome& target : in_input_order(result)) {
    const InputTarget& input = result.targets.good[static_cast<std::size_t>(target.index)];
    const Outcome& worst = target.worst();
    summary.targets.push_back({target.name, worst.is_good() ? "done" : std::string(to_string(worst.state)),
                               worst.message, static_cast<std::int64_t>(input.sequence.length())});
    for (const Outcome& task : target.tasks)
      if (task.key && task.is_good()) summary.tasks.push_back(*task.key);
  }
  for (const Refusal& refusal : result.targets.refused)
    summary.targets.push_back({refusal.name, "refused", refusal.message, 0});
  return summary;
}

nlohmann::json row_json(const report::ReportTarget& row) {
  nlohmann::json json = {{"name", row.name},     {"outcome", row.outcome}, {"message", row.message},
                         {"length", row.length}, {"rows", row.rows},       {"neff", row.neff},
                         {"contacts", row.contacts}, {"files", row.files},  {"warnings", row.warnings}};
  if (row.predicted_tm) json["predicted_tm"] = *row.predicted_tm;
  if (row.mean_plddt) json["mean_plddt"] = *row.mean_plddt;
  if (row.clashes_before) json["clashes_before"] = *row.clashes_before;
  if (row.clashes_after) json["clashes_after"] = *row.clashes_after;
  return json;
}

template <class T>
std::string or_dash(const std::optional<T>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "-";
}

void print_row(const report::ReportTarget& row) {
  if (!row.predicted_tm) {
    fmt::print("{:<20} {:>6} {}\n", row.name, row.length == 0 ? "-" : std::to_string(row.length),
               row.outcome + (row.message.empty() ? "" : ": " + row.message));
    return;
  }
  fmt::print("{:<20} {:>6} {:>8} {:>7.1f} {:>8} {:>7} {:>6} {:>13} {:>6}\n", row.name, row.length,
             std::max(0, row.rows - 1), row.neff, row.contacts, or_dash(row.predicted_tm, "{:.2f}"),
             or_dash(row.mean_plddt, "{:.0f}"),
             or_dash(row.clashes_before, "{}") + " -> " + or_dash(row.clashes_after, "{}"),
             row.files.size());
}

}  // namespace

report::Report make_report(CampaignResult& result) {
  report::Report page;
  page.title = "Foldstream: " + result.options.input.filename().string();
  page.facts = {{"workflow", result.definition.name},
                {"version", version_text()},
                {"ranks", std::to_string(result.ranks)},
                {"wall time", clock_text(result.seconds)}};
  page.facts.push_back({"energy", result.energy.at("summary")});
  if (result.options.is_offline) page.facts.push_back({"network", network_text(result.options.out)});
  if (result.lives.size() > 1)
    for (std::size_t i = 0; i < result.lives.size(); ++i)
      page.facts.push_back({fmt::format("life {}", i + 1), life_text(result.lives[i])});
  for (const TargetOutcome& outcome : in_input_order(result))
    page.targets.push_back(report_row(result, outcome));
  for (const Refusal& refusal : result.targets.refused) {
    report::ReportTarget row;
    row.name = refusal.name;
    row.outcome = "refused";
    row.message = refusal.message;
    page.targets.push_back(std::move(row));
  }
  return page;
}

void write_campaign_files(const CampaignResult& result, const report::Report& page,
                          io::RunStore& store, const Trace& trace) {
  const std::filesystem::path& out = result.options.out;
  report::write_failures(out / "failures.tsv", failures(result));
  report::write_run_facts(out / "run.json", facts(result));
  io::write_file_atomically(out / "trace.json", trace.json());
  report::write_report(out / "report.html", page);
  write_master_file(store, run_summary(result));
}

void print_summary(const CampaignResult& result, const report::Report& page) {
  const CampaignOptions& options = result.options;
  if (options.json) {
    nlohmann::json targets = nlohmann::json::array();
    for (const report::ReportTarget& row : page.targets) targets.push_back(row_json(row));
    fmt::print("{}\n", nlohmann::json{{"out", options.out.string()}, {"targets", targets}}.dump(2));
    return;
  }
  fmt::print("{:<20} {:>6} {:>8} {:>7} {:>8} {:>7} {:>6} {:>13} {:>6}\n", "target", "length",
             "homologs", "Neff", "contacts", "est. TM", "pLDDT", "clashes", "files");
  for (const report::ReportTarget& row : page.targets) print_row(row);
  fmt::print("\nest. TM and pLDDT are estimates; clashes of model 1 before -> after refinement\n");
  fmt::print("{}\n", time_text(result.efficiency));
  fmt::print("results: {}/report.html\n", options.out.string());
}

}  // namespace foldstream::apps
