#include "report/markup.hpp"
#include "report/report_table.hpp"

#include <algorithm>

namespace foldstream::workflows::report {
namespace {

constexpr std::size_t stage_colours = 6;

double total(const ReportTarget& target) {
  double seconds = 0;
  for (const auto& time : target.times) seconds += time.seconds;
  return seconds;
}

/// The stages of all targets in the order in which they are first met.
std::vector<std::string> stage_names(const Report& report) {
  std::vector<std::string> names;
  for (const auto& target : report.targets)
    for (const auto& time : target.times)
      if (std::find(names.begin(), names.end(), time.stage) == names.end())
        names.push_back(time.stage);
  return names;
}

std::string colour_of(const std::vector<std::string>& stages, const std::string& stage) {
  const auto at = std::find(stages.begin(), stages.end(), stage) - stages.begin();
  return join("t", std::to_string(static_cast<std::size_t>(at) % stage_colours));
}

std::string number_cell(const std::string& text) { return join("<td class=\"n\">", text, "</td>"); }

std::string bar(double fraction, std::string_view colour) {
  const std::string width = fixed(100 * std::clamp(fraction, 0.0, 1.0), 1);
  return join("<span class=\"bar\"><i class=\"", colour, "\" style=\"width:", width,
              "%\"></i></span>");
}

std::string time_cell(const ReportTarget& target, const std::vector<std::string>& stages,
                      double longest) {
  const double seconds = total(target);
  if (target.times.empty()) return number_cell("");
  std::string pieces;
  for (const auto& time : target.times) {
    const double share = longest > 0 ? 100 * time.seconds / longest : 0;
    pieces +=
        join("<i class=\"", colour_of(stages, time.stage), "\" style=\"width:", fixed(share, 2),
             "%\" title=\"", escape_html(time.stage), ": ", duration(time.seconds), "\"></i>");
  }
  return join("<td>", duration(seconds), "<div class=\"times\">", pieces, "</div></td>");
}

std::string name_cell(const Report& report, std::size_t index) {
  const ReportTarget& target = report.targets[index];
  const std::string name = escape_html(target.name);
  std::string text = "<td class=\"name\">";
  text += is_detailed(report, index)
              ? join("<a href=\"#target-", std::to_string(index + 1), "\">", name, "</a>")
              : name;
  if (!target.message.empty())
    text += join("<span class=\"why\">", escape_html(target.message), "</span>");
  return text + "</td>";
}

std::string clash_cell(const ReportTarget& target) {
  if (!target.clashes_before) return number_cell("");
  const std::string before = std::to_string(*target.clashes_before);
  if (!target.clashes_after) return number_cell(before);
  return number_cell(join(before, " to ", std::to_string(*target.clashes_after)));
}

std::string count_cell(double value, int decimals) {
  return number_cell(value > 0 ? fixed(value, decimals) : "");
}

std::string row(const Report& report, std::size_t index, const std::vector<std::string>& stages,
                double longest) {
  const ReportTarget& target = report.targets[index];
  std::string text =
      join("<tr>", name_cell(report, index), "<td><span class=\"badge ",
           outcome_class(target.outcome), "\">", escape_html(target.outcome), "</span></td>");
  text +=
      count_cell(target.length, 0) + count_cell(target.neff, 1) + count_cell(target.contacts, 0);
  text += number_cell(
      target.predicted_tm ? fixed(*target.predicted_tm, 2) + bar(*target.predicted_tm, "") : "");
  text += number_cell(target.mean_plddt
                          ? fixed(*target.mean_plddt, 1) +
                                bar(*target.mean_plddt / 100, plddt_class(*target.mean_plddt))
                          : "");
  text += clash_cell(target) + time_cell(target, stages, longest);
  return text + count_cell(static_cast<double>(target.files.size()), 0) + "</tr>\n";
}

std::string stage_key(const std::vector<std::string>& stages) {
  if (stages.empty()) return "";
  std::string text = "<p class=\"key\">";
  for (const auto& stage : stages)
    text += join("<span><i class=\"", colour_of(stages, stage), "\"></i>", escape_html(stage),
                 "</span>");
  return text + "</p>\n";
}

}  // namespace

bool is_detailed(const Report& report, std::size_t index) {
  if (report.detailed <= 0 || index >= static_cast<std::size_t>(report.detailed)) return false;
  const ReportTarget& target = report.targets[index];
  return !target.model.chains.empty() || target.contact_map.length > 0 || !target.plddt.empty() ||
         !target.column_depth.empty();
}

std::string outcome_class(const std::string& outcome) {
  if (outcome == "done") return "good";
  return outcome == "failed" || outcome == "refused" ? "bad" : "";
}

std::string format_table(const Report& report) {
  const auto stages = stage_names(report);
  double longest = 0;
  for (const auto& target : report.targets) longest = std::max(longest, total(target));
  std::string text =
      "<div class=\"card wide\"><table><thead><tr><th>Target</th><th>Outcome</th>"
      "<th class=\"n\">Length</th><th class=\"n\">Neff</th><th class=\"n\">Contacts</th>"
      "<th class=\"n\">Predicted TM</th><th class=\"n\">Mean pLDDT</th><th class=\"n\">Clashes</th>"
      "<th>Time</th><th class=\"n\">Files</th></tr></thead><tbody>\n";
  for (std::size_t k = 0; k < report.targets.size(); ++k) text += row(report, k, stages, longest);
  return text + "</tbody></table></div>\n" + stage_key(stages);
}

}  // namespace foldstream::workflows::report
