// Report: one page that shows what came out of a run.
#pragma once

#include <foldstream/io/prediction.hpp>
#include <foldstream/io/structure.hpp>
#include <foldstream/workflows/report/target_files.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foldstream::workflows::report {

struct StageTime {
  std::string stage;
  double seconds = 0;
};

/// A PAE matrix for a picture.
struct PaeCells {
  int residues = 0;
  int side = 0;              ///< cells in a row and in a column; 0: there is none
  std::vector<float> error;  ///< mean of a cell, Å, row-major [side, side]
};

/// What the page shows of a target. What is empty, 0 or absent is left out.
struct ReportTarget {
  std::string name;
  std::string outcome;  ///< "done", "failed", "skipped", "refused", …
  std::string message;  ///< why there is no result
  int length = 0;       ///< residues
  int rows = 0;         ///< sequences in the alignment, the query included
  double neff = 0;
  int contacts = 0;                    ///< kept
  std::optional<double> predicted_tm;  ///< of model 1, 0–1
  std::optional<double> mean_plddt;    ///< of model 1, 0–100
  std::optional<int> clashes_before;   ///< of model 1
  std::optional<int> clashes_after;
  std::vector<StageTime> times;    ///< in the order of the stages
  std::vector<std::string> files;  ///< relative to the page, '/' between folders
  std::vector<std::string> warnings;
  // pictures
  io::ContactMap contact_map;
  io::Structure model;            ///< model 1
  std::vector<double> plddt;      ///< one a residue of `model`
  PaeCells pae;                   ///< of model 1
  std::vector<int> column_depth;  ///< residues (not gaps) in each column of the alignment
};

struct Report {
  std::string title = "Foldstream results";
  /// Shown above the table: {"workflow", "fold"}, {"seed", "1"}, ….
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<ReportTarget> targets;
  int detailed = 50;  ///< so many targets get pictures; the others are in the table only
};

/// The scores and pictures of a target that was done. `times` and `message` are left to the caller.
/// @param folder  of its files, relative to the page: "targets/P12345".
ReportTarget report_target(const TargetResult& result, const Manifest& manifest,
                           const std::string& folder);

/// The page: HTML that is also well-formed XML, with inline style and pictures, no scripts, and
/// nothing fetched from anywhere. Follows the reader's light or dark setting, prints in light.
/// Every string is escaped. Pure.
std::string format_report(const Report& report);
/// Writes it atomically. @throws Error{Io}.
void write_report(const std::filesystem::path& path, const Report& report);

}  // namespace foldstream::workflows::report
