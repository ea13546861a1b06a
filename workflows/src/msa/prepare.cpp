#include "row_pairs.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/sequence.hpp>
#include <foldstream/workflows/msa/msa.hpp>

#include <algorithm>
#include <string>

namespace foldstream::workflows::msa {
namespace {

using Row = std::span<const std::uint8_t>;

void check_fraction(const char* name, double value, bool zero_allowed = true) {
  if (value <= 1 && (value > 0 || (zero_allowed && value == 0))) return;
  throw Error(ErrorKind::InvalidArgument, std::string("msa: option '") + name + "' is " +
                                              std::to_string(value) +
                                              "; it must be a fraction between 0 and 1.");
}

void check_options(const MsaOptions& options) {
  check_fraction("min_coverage", options.min_coverage);
  check_fraction("max_row_gaps", options.max_row_gaps);
  check_fraction("min_query_identity", options.min_query_identity);
  check_fraction("max_identity", options.max_identity, false);
  check_fraction("weight_identity", options.weight_identity, false);
  if (options.max_rows >= 1) return;
  throw Error(
      ErrorKind::InvalidArgument,
      "msa: option 'max_rows' is " + std::to_string(options.max_rows) + "; it must be 1 or more.");
}

bool is_residue(std::uint8_t token) { return token != io::gap_token; }

double coverage(Row row) {
  return static_cast<double>(std::count_if(row.begin(), row.end(), is_residue)) /
         static_cast<double>(row.size());
}

/// Part of gaps between the first and the last residue; 1 for a row of gaps.
double inner_gaps(Row row) {
  const auto first = std::find_if(row.begin(), row.end(), is_residue);
  const auto last = std::find_if(row.rbegin(), row.rend(), is_residue).base();
  if (first >= last) return 1;
  return static_cast<double>(std::count(first, last, io::gap_token)) /
         static_cast<double>(last - first);
}

double query_identity(Row row, Row query) {
  int residues = 0, same = 0;
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (!is_residue(row[c])) continue;
    ++residues;
    same += row[c] == query[c];
  }
  return residues > 0 ? static_cast<double>(same) / residues : 0;
}

/// An alignment with the rows that are still in.
class Selection {
 public:
  explicit Selection(const io::Msa& msa)
      : tokens_(msa.tokens()),
        values_(tokens_.values<std::uint8_t>()),
        columns_(msa.columns()),
        count_(msa.rows.size()) {}

  /// Applies the filters that look at one row, then the depth limit.
  void filter_rows(const MsaOptions& options, MsaReport& report) {
    for (std::size_t r = 0; r < count_; ++r) {
      if (r == 0) {
        kept_.push_back(r);
      } else if (coverage(row(r)) < options.min_coverage) {
        ++report.removed_by_coverage;
      } else if (inner_gaps(row(r)) > options.max_row_gaps) {
        ++report.removed_by_gaps;
      } else if (query_identity(row(r), row(0)) < options.min_query_identity) {
        ++report.removed_by_query_identity;
      } else if (kept_.size() >= static_cast<std::size_t>(options.max_rows)) {
        ++report.removed_by_depth;
      } else {
        kept_.push_back(r);
      }
    }
  }

  /// Drops rows too similar to a row kept before them.
  void filter_redundant(double identity, MsaReport& report, const Context& context);

  std::vector<std::uint8_t> kept_tokens() const {
    std::vector<std::uint8_t> result;
    result.reserve(kept_.size() * columns_);
    for (const std::size_t r : kept_) result.insert(result.end(), row(r).begin(), row(r).end());
    return result;
  }
  const std::vector<std::size_t>& kept() const { return kept_; }

 private:
  Row row(std::size_t r) const { return values_.subspan(r * columns_, columns_); }

  Tensor tokens_;
  Row values_;
  std::size_t columns_;
  std::size_t count_;
  std::vector<std::size_t> kept_;
};

/// Whether row `later` is redundant to row `earlier`, given that they agree well enough.
bool is_within(const RowPairs& pairs, std::size_t later, std::size_t earlier) {
  return 5 * pairs.shared(later, earlier) >= 4 * pairs.residues(later);
}

/// Whether a row of [first, last) that is still in makes `row` redundant.
bool is_redundant(const RowPairs& pairs, std::size_t row, std::size_t first, std::size_t last,
                  const std::vector<std::uint8_t>& in) {
  std::vector<std::uint8_t> similar(last - first);
  pairs.compare(row, first, similar);
  for (std::size_t k = 0; k < similar.size(); ++k) {
    if (similar[k] && in[first + k] && is_within(pairs, row, first + k)) return true;
  }
  return false;
}

void Selection::filter_redundant(double identity, MsaReport& report, const Context& context) {
  const std::vector<std::uint8_t> tokens = kept_tokens();
  const RowPairs pairs(tokens, columns_, identity);
  constexpr std::size_t batch = 256;
  std::vector<std::uint8_t> in(pairs.rows(), 1);
  for (std::size_t start = 0; start < pairs.rows(); start += batch) {
    const std::size_t end = std::min(pairs.rows(), start + batch);
    // against the rows of earlier batches on all threads, within the batch in order
    parallel_for(context, static_cast<int>(end - start), [&](int i) {
      const std::size_t row = start + static_cast<std::size_t>(i);
      in[row] = start == 0 || !is_redundant(pairs, row, 0, start, in);
    });
    for (std::size_t row = start + 1; row < end; ++row) {
      if (in[row]) in[row] = !is_redundant(pairs, row, start, row, in);
    }
  }
  std::vector<std::size_t> remaining;
  for (std::size_t k = 0; k < kept_.size(); ++k) {
    if (in[k]) remaining.push_back(kept_[k]);
  }
  report.removed_by_identity = static_cast<std::int64_t>(kept_.size() - remaining.size());
  kept_ = std::move(remaining);
}

}  // namespace

PreparedMsa prepare(const io::Msa& msa, const MsaOptions& options, const Context& context) {
  check_options(options);
  if (msa.rows.empty() || msa.columns() == 0) {
    throw Error(ErrorKind::InvalidArgument, "msa: the alignment has no query row.");
  }
  PreparedMsa prepared;
  MsaReport& report = prepared.report;
  report.rows_in = static_cast<std::int64_t>(msa.rows.size());
  Selection selection(msa);
  selection.filter_rows(options, report);
  if (options.max_identity < 1) selection.filter_redundant(options.max_identity, report, context);
  for (const std::size_t r : selection.kept()) prepared.msa.rows.push_back(msa.rows[r]);
  prepared.msa.weights =
      sequence_weights(selection.kept_tokens(), msa.columns(), options.weight_identity, context);
  report.rows_out = static_cast<std::int64_t>(prepared.msa.rows.size());
  report.neff = prepared.msa.neff();
  return prepared;
}

}  // namespace foldstream::workflows::msa
