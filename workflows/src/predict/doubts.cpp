#include "doubts.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace foldstream::workflows::predict {
namespace {

using Doubt = std::optional<std::string>;

constexpr double least_neff = 10;
/// Of sequences per √length: raw couplings have a fifth of the L best pairs right at 10, half of
/// what full alignments reach, and three quarters at 30.
constexpr double hopeless_depth = 10;
constexpr double fair_depth = 30;
constexpr std::size_t longest_list = 60;  ///< of column numbers, characters

std::string count_of(std::int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string rounded(double value) { return std::to_string(std::lround(value)); }

/// " Of 5 rows, 3 fill less than half of the columns and 1 only repeat another row."
std::string what_was_left_out(const Alignment& alignment) {
  std::string text;
  const auto add = [&](std::int64_t count, const std::string& what) {
    if (count > 0) text += (text.empty() ? " " : " and ") + std::to_string(count) + what;
  };
  add(alignment.fragments, " fill less than half of the columns");
  add(alignment.duplicates, " only repeat another row");
  add(alignment.distant, " hardly resemble the query");
  if (text.empty()) return text;
  return " Of " + count_of(alignment.rows_given, "row") + "," + text + ".";
}

Doubt doubt_depth(const Alignment& alignment) {
  const double root = std::sqrt(alignment.columns);
  if (alignment.neff >= fair_depth * root) return {};
  const bool hopeless = alignment.neff < hopeless_depth * root;
  return "the alignment is " + std::string(hopeless ? "far too " : "") +
         "shallow: " + rounded(alignment.neff) + " effective sequences for " +
         std::to_string(alignment.columns) + " residues, where " + rounded(fair_depth * root) +
         " are fair; " + (hopeless ? "expect a wrong fold." : "the fold may be wrong.") +
         what_was_left_out(alignment);
}

/// "3, 7-12" for the columns where `is_in` holds, counted from 1.
template <class Predicate>
std::pair<int, std::string> columns_where(int columns, const Predicate& is_in) {
  int count = 0;
  std::string text;
  for (int i = 0; i < columns; ++i) {
    if (!is_in(i)) continue;
    int end = i;
    while (end + 1 < columns && is_in(end + 1)) ++end;
    count += end - i + 1;
    if (text.size() < longest_list) {
      text += (text.empty() ? "" : ", ") + std::to_string(i + 1);
      if (end > i) text += "-" + std::to_string(end + 1);
      if (text.size() >= longest_list) text += " ...";
    }
    i = end;
  }
  return {count, text};
}

Doubt doubt_columns(const Alignment& alignment) {
  if (alignment.neff < hopeless_depth * std::sqrt(alignment.columns)) return {};  // said already
  const std::vector<float> occupancy = occupancy_of(alignment);
  const auto [count, where] = columns_where(alignment.columns, [&](int i) {
    return occupancy[static_cast<std::size_t>(i)] * alignment.neff < least_neff;
  });
  if (count == 0) return {};
  return count_of(count, "residue") + " of " + std::to_string(alignment.columns) + " (" + where +
         ") stand in columns with fewer than 10 effective sequences; nothing but the local "
         "sequence says how they fold.";
}

Doubt doubt_unknown(const Alignment& alignment) {
  const auto [count, where] =
      columns_where(alignment.columns, [&](int i) { return alignment.row(0)[i] == no_residue; });
  if (10 * count < alignment.columns) return {};
  return count_of(count, "residue") + " of the query of " + std::to_string(alignment.columns) +
         " (" + where + ") are unknown; their part of the models is a guess.";
}

Doubt doubt_repeats(const Repeats& repeats) {
  if (!repeats.found()) return {};
  return "it looks like a repeat protein: residues " + std::to_string(repeats.first + 1) + "-" +
         std::to_string(repeats.last + 1) + ", period " + std::to_string(repeats.period) +
         "; its couplings mix contacts of one unit with those of the next, and a confident model "
         "may be wrong.";
}

/// Columns that hold a cysteine in more than 60 % of the rows.
int conserved_cysteines(const Alignment& alignment) {
  constexpr std::size_t cysteine = 4;
  constexpr std::size_t residues = no_residue;
  const std::vector<float> profile = profile_of(alignment, 0);
  const std::vector<float> occupancy = occupancy_of(alignment);
  int count = 0;
  for (std::size_t i = 0; i < occupancy.size(); ++i) {
    count += profile[i * residues + cysteine] * occupancy[i] > 0.6F;
  }
  return count;
}

Doubt doubt_cysteines(const Alignment& alignment) {
  const int count = conserved_cysteines(alignment);
  if (count < 4 || count < 0.06 * alignment.columns) return {};
  return std::to_string(count) + " of " + std::to_string(alignment.columns) +
         " columns are conserved cysteines: disulphide bonds or metals hold such a chain, which "
         "the method does not know; the model may be the mirror image of the fold.";
}

}  // namespace

void check_depth(const Alignment& alignment) {
  if (alignment.neff >= least_neff) return;
  throw Error(ErrorKind::InvalidArgument,
              "the alignment has " + count_of(alignment.rows, "sequence") + " (" +
                  rounded(alignment.neff) + " effective); couplings need at least " +
                  rounded(least_neff) + " effective sequences, and some hundred for a good model." +
                  what_was_left_out(alignment) +
                  " Search a larger database or give a deeper alignment.");
}

std::vector<std::string> doubts_about(const Alignment& alignment, const Repeats& repeats) {
  std::vector<std::string> doubts;
  for (const Doubt& doubt :
       {doubt_depth(alignment), doubt_columns(alignment), doubt_unknown(alignment),
        doubt_repeats(repeats), doubt_cysteines(alignment)}) {
    if (doubt) doubts.push_back(*doubt);
  }
  return doubts;
}

}  // namespace foldstream::workflows::predict
