// Target values: what a workflow found out about a target, whatever its tasks are called.
#pragma once

#include "campaign.hpp"

#include <foldstream/workflows/report/manifest.hpp>
#include <foldstream/workflows/report/report.hpp>

#include <optional>

namespace foldstream::apps {

/// The value of type `T` that the last task with such an output gave; nothing if there is none.
template <class T>
std::optional<T> last_value(CampaignResult& result, int target_index) {
  const Graph& graph = result.workflow.graph;
  const std::vector<int> order = graph.order();
  for (auto index = order.rbegin(); index != order.rend(); ++index) {
    const Task& task = *graph.tasks()[static_cast<std::size_t>(*index)];
    for (const Port& port : task.outputs) {
      if (!(port.type == PortType::of<T>())) continue;
      try {
        return result.run.value({task.name, port.name, port.type}, target_index).template as<T>();
      } catch (const Error&) {
        return std::nullopt;  // its task did not end well: the outcome says why
      }
    }
  }
  return std::nullopt;
}

/// One row of the report, of the table, and of the JSON.
workflows::report::ReportTarget report_row(CampaignResult& result, const TargetOutcome& outcome);

}  // namespace foldstream::apps
