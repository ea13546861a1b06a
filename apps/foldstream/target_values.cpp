#include "target_values.hpp"

#include <foldstream/io/text_file.hpp>
#include <foldstream/workflows/report/target_files.hpp>

#include <algorithm>

namespace foldstream::apps {
namespace {

namespace report = workflows::report;

/// The scores of a target that has models; else what is known without.
report::ReportTarget scored_row(CampaignResult& result, const InputTarget& input, int index,
                                const std::string& folder) {
  std::optional<io::Prediction> prediction = last_value<io::Prediction>(result, index);
  if (!prediction || prediction->models.empty()) {
    report::ReportTarget row;
    row.name = input.sequence.name;
    row.length = static_cast<int>(input.sequence.length());
    return row;
  }
  report::TargetResult found;
  found.name = input.sequence.name;
  found.sequence = input.sequence.residues;
  found.msa = last_value<io::Msa>(result, index).value_or(io::Msa{});
  found.contacts = last_value<io::ContactMap>(result, index).value_or(io::ContactMap{});
  found.warnings = prediction->warnings;
  found.prediction = std::move(*prediction);
  found.refinement = last_value<io::Refinement>(result, index);
  const auto manifest = last_value<report::Manifest>(result, index);
  return report::report_target(found, manifest.value_or(report::Manifest{}), folder);
}

}  // namespace

report::ReportTarget report_row(CampaignResult& result, const TargetOutcome& outcome) {
  const InputTarget& input = result.targets.good[static_cast<std::size_t>(outcome.index)];
  const std::string folder = "targets/" + io::safe_file_name(input.sequence.name);
  report::ReportTarget row = scored_row(result, input, outcome.index, folder);
  const Outcome& worst = outcome.worst();
  row.outcome = worst.is_good() ? "done" : std::string(to_string(worst.state));
  row.message = worst.message;
  for (std::size_t i = 0; i < outcome.tasks.size(); ++i)
    if (outcome.tasks[i].state == State::done)
      row.times.push_back({result.workflow.graph.tasks()[i]->name, outcome.tasks[i].seconds});
  return row;
}

}  // namespace foldstream::apps
