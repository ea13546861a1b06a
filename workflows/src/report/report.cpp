#include "report/markup.hpp"
#include "report/pictures.hpp"
#include "report/report_style.hpp"
#include "report/report_table.hpp"

#include <foldstream/io/text_file.hpp>
#include <foldstream/workflows/report/report.hpp>

#include <algorithm>
#include <numeric>

namespace foldstream::workflows::report {
namespace {

std::string tile(const std::string& value, const char* what) {
  return join("<div class=\"tile\"><b>", value, "</b><span>", what, "</span></div>");
}

std::string format_tiles(const Report& report) {
  int done = 0, scored = 0;
  double plddt = 0, tm = 0;
  for (const auto& target : report.targets) {
    done += target.outcome == "done" ? 1 : 0;
    if (!target.mean_plddt || !target.predicted_tm) continue;
    ++scored;
    plddt += *target.mean_plddt;
    tm += *target.predicted_tm;
  }
  const auto count = static_cast<int>(report.targets.size());
  std::string text = "<div class=\"tiles\">" + tile(std::to_string(count), "targets");
  text += tile(std::to_string(done), "done");
  if (done < count) text += tile(std::to_string(count - done), "not done");
  if (scored > 0)
    text += tile(fixed(tm / scored, 2), "mean predicted TM") +
            tile(fixed(plddt / scored, 1), "mean pLDDT");
  return text + "</div>\n";
}

std::string format_head(const Report& report) {
  const std::string title = escape_html(report.title);
  std::string text = join(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'\"/><title>",
      title, "</title><style>", report_style(), "</style></head>\n<body><main><h1>", title,
      "</h1>\n<p class=\"facts\">");
  for (const auto& [name, value] : report.facts)
    text += join("<span>", escape_html(name), " <b>", escape_html(value), "</b></span> ");
  return text + "</p>\n" + format_tiles(report);
}

std::string number(const char* name, const std::string& value) {
  return join("<span>", name, " <b>", value, "</b></span> ");
}

std::string format_numbers(const ReportTarget& target) {
  std::string text = "<p class=\"numbers\">";
  if (target.length > 0) text += number("residues", std::to_string(target.length));
  if (target.rows > 0) text += number("sequences", std::to_string(target.rows));
  if (target.neff > 0) text += number("Neff", fixed(target.neff, 1));
  if (target.contacts > 0) text += number("contacts", std::to_string(target.contacts));
  if (target.predicted_tm) text += number("predicted TM", fixed(*target.predicted_tm, 2));
  if (target.mean_plddt) text += number("mean pLDDT", fixed(*target.mean_plddt, 1));
  return text + "</p>\n";
}

std::string figure(const char* title, const std::string& picture, const char* caption) {
  if (picture.empty()) return "";
  return join("<figure><h3>", title, "</h3>", picture, "<figcaption>", caption,
              "</figcaption></figure>\n");
}

std::string format_pictures(const ReportTarget& target) {
  std::string text =
      join("<div class=\"pictures", target.pae.side > 0 ? " four" : "", "\">");
  text += figure("Model 1", draw_trace(target.model, target.plddt),
                 "Backbone, near parts thicker; colours as in pLDDT.");
  text +=
      figure("Contacts", draw_contacts(target.contact_map, target.model),
             target.contact_map.length > 0
                 ? "Above the diagonal predicted, stronger is more probable; below those of model 1."
                 : "Of model 1.");
  text += figure("Predicted aligned error", draw_pae(target.pae, target.model),
                 "Of the column's residue once the row's is in place: 0 Å at full strength, nothing "
                 "at 30 Å. Lines part chains.");
  text += "<div class=\"stack\">";
  text += figure("pLDDT (estimated)", draw_plddt(target.plddt), "");
  text += figure("Sequences in each column", draw_depth(target.column_depth), "");
  return text + "</div></div>\n";
}

std::string format_files(const ReportTarget& target) {
  if (target.files.empty()) return "";
  std::string text = "<p class=\"files\">";
  for (const auto& file : target.files) {
    const std::string name = file.substr(file.rfind('/') + 1);
    text += join("<a href=\"", link_to(file), "\">", escape_html(name), "</a> ");
  }
  return text + "</p>\n";
}

std::string format_details(const ReportTarget& target, std::size_t number) {
  std::string text =
      join("<section class=\"card target\" id=\"target-", std::to_string(number), "\"><header><h2>",
           escape_html(target.name), "</h2><span class=\"badge ", outcome_class(target.outcome),
           "\">", escape_html(target.outcome), "</span></header>\n", format_numbers(target));
  if (!target.message.empty())
    text += join("<p class=\"note bad\">", escape_html(target.message), "</p>\n");
  for (const auto& warning : target.warnings)
    text += join("<p class=\"note\">", escape_html(warning), "</p>\n");
  return text + format_pictures(target) + format_files(target) + "</section>\n";
}

constexpr const char* band_key =
    "<p class=\"key\"><span>pLDDT:</span><span><i class=\"vh\"></i>90 and above</span>"
    "<span><i class=\"hi\"></i>70 to 90</span><span><i class=\"lo\"></i>50 to 70</span>"
    "<span><i class=\"vl\"></i>below 50</span></p>\n";

/// Residues (not gaps) in each column.
std::vector<int> column_depth(const io::Msa& msa) {
  std::vector<int> depth(msa.columns(), 0);
  for (const auto& row : msa.rows) {
    const std::string letters = io::aligned(row);
    for (std::size_t k = 0; k < std::min(depth.size(), letters.size()); ++k)
      depth[k] += letters[k] != '-' ? 1 : 0;
  }
  return depth;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void add_model(ReportTarget& target, const TargetResult& result) {
  const bool tried = result.refinement && !result.refinement->models.empty();
  if (!tried && result.prediction.models.empty()) return;
  const io::Model& model =
      tried ? result.refinement->models[0].before : result.prediction.models[0];
  target.model = model.structure;
  target.plddt = model.plddt;
  target.pae = pae_cells(model.pae, model.plddt.size());
  target.predicted_tm = model.predicted_tm;
  if (!model.plddt.empty()) target.mean_plddt = mean(model.plddt);
  if (!tried) return;
  const io::RefinedModel& refined = result.refinement->models[0];
  target.clashes_before = refined.report_before.clashes;
  target.clashes_after = refined.report_after.clashes;
  if (refined.failure.empty())
    target.model = refined.after;
  else
    target.warnings.push_back("model 1 is not refined: " + refined.failure);
}

}  // namespace

ReportTarget report_target(const TargetResult& result, const Manifest& manifest,
                           const std::string& folder) {
  ReportTarget target;
  target.name = result.name;
  target.outcome = "done";
  target.length = static_cast<int>(result.sequence.size());
  target.rows = static_cast<int>(result.msa.rows.size());
  target.neff = result.msa.neff();
  target.contacts = contacts_kept(result.contacts);
  target.warnings = result.warnings;
  target.contact_map = result.contacts;
  target.column_depth = column_depth(result.msa);
  for (const auto& file : manifest.files)
    target.files.push_back(folder.empty() ? file.path : folder + "/" + file.path);
  add_model(target, result);
  return target;
}

std::string format_report(const Report& report) {
  std::string text = format_head(report) + format_table(report);
  std::size_t shown = 0;
  std::string details;
  for (std::size_t k = 0; k < report.targets.size(); ++k) {
    if (!is_detailed(report, k)) continue;
    details += format_details(report.targets[k], k + 1);
    ++shown;
  }
  if (shown > 0) text += band_key + details;
  if (report.targets.size() > static_cast<std::size_t>(std::max(report.detailed, 0)))
    text += join("<footer>Pictures of the first ", std::to_string(std::max(report.detailed, 0)),
                 " targets only.</footer>\n");
  return text + "</main></body></html>\n";
}

void write_report(const std::filesystem::path& path, const Report& report) {
  io::write_file_atomically(path, format_report(report));
}

}  // namespace foldstream::workflows::report
