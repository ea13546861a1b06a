#include "alignment.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/msa/msa.hpp>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <unordered_map>

namespace foldstream::workflows::predict {
namespace {

constexpr double identity_threshold = 0.8;
constexpr std::size_t residues = no_residue;
constexpr int rows_of_any_identity = 3000;
constexpr double least_query_identity = 0.2;

bool is_residue(char token) { return token < no_residue; }

/// Takes rows one by one; knows which it has already.
class Reader {
 public:
  explicit Reader(const io::Msa& msa) : msa_(msa) {
    alignment_.columns = static_cast<int>(msa.columns());
    alignment_.rows_given = static_cast<std::int64_t>(msa.rows.size());
  }

  void read(std::size_t index) {
    const std::string row = tokens_of(msa_.rows[index]);
    if (index == 0) query_ = row;
    const auto filled = std::count_if(row.begin(), row.end(), is_residue);
    if (index > 0 && 2 * filled < static_cast<std::ptrdiff_t>(row.size())) {
      ++alignment_.fragments;
    } else if (const auto place = places_.find(row); place != places_.end()) {
      ++alignment_.duplicates;
      if (is_weighted()) alignment_.weights[place->second] += msa_.weights[index];
    } else if (alignment_.rows >= rows_of_any_identity &&
               query_matches(row) < least_query_identity * static_cast<double>(filled)) {
      ++alignment_.distant;
    } else {
      append(row, index);
    }
  }

  Alignment take() { return std::move(alignment_); }
  int rows() const { return alignment_.rows; }

 private:
  bool is_weighted() const { return msa_.weights.size() == msa_.rows.size(); }

  int query_matches(const std::string& row) const {
    int same = 0;
    for (std::size_t i = 0; i < row.size(); ++i) same += is_residue(row[i]) && row[i] == query_[i];
    return same;
  }

  void append(const std::string& row, std::size_t index) {
    places_.emplace(row, alignment_.rows);
    alignment_.tokens.insert(alignment_.tokens.end(), row.begin(), row.end());
    if (is_weighted()) alignment_.weights.push_back(msa_.weights[index]);
    ++alignment_.rows;
  }

  std::string tokens_of(const io::MsaRow& row) const {
    std::string letters = io::aligned(row);
    if (letters.size() != msa_.columns()) {
      throw Error(ErrorKind::InvalidArgument,
                  "row '" + row.name + "' of the alignment has " + std::to_string(letters.size()) +
                      " columns, its query has " + std::to_string(msa_.columns()) +
                      ". Is the file in A3M notation?");
    }
    for (char& letter : letters) {
      letter = static_cast<char>(std::min(io::token_of(letter), no_residue));
    }
    return letters;
  }

  const io::Msa& msa_;
  Alignment alignment_;
  std::string query_;
  std::unordered_map<std::string, std::size_t> places_;
};

/// An unknown residue says as little about identity as a gap.
std::vector<float> weigh(const Alignment& alignment, const Context& context) {
  std::vector<std::uint8_t> tokens = alignment.tokens;
  std::replace(tokens.begin(), tokens.end(), no_residue, io::gap_token);
  return msa::sequence_weights(tokens, static_cast<std::size_t>(alignment.columns),
                               identity_threshold, context);
}

}  // namespace

Alignment read_alignment(const io::Msa& msa, int max_rows, const Context& context) {
  if (msa.rows.empty() || msa.columns() == 0) {
    throw Error(ErrorKind::InvalidArgument,
                "the alignment is empty; couplings need a query and its homologs.");
  }
  Reader reader(msa);
  for (std::size_t r = 0; r < msa.rows.size() && reader.rows() < max_rows; ++r) {
    if (r % 1024 == 0) context.check_cancelled();
    reader.read(r);
  }
  Alignment alignment = reader.take();
  if (alignment.weights.empty()) alignment.weights = weigh(alignment, context);
  alignment.neff = std::accumulate(alignment.weights.begin(), alignment.weights.end(), 0.0);
  return alignment;
}

std::vector<float> occupancy_of(const Alignment& alignment) {
  std::vector<double> filled(static_cast<std::size_t>(alignment.columns), 0);
  for (int n = 0; n < alignment.rows; ++n) {
    const std::uint8_t* row = alignment.row(n);
    const double weight = alignment.weights[static_cast<std::size_t>(n)];
    for (std::size_t i = 0; i < filled.size(); ++i) filled[i] += row[i] < no_residue ? weight : 0;
  }
  std::vector<float> occupancy(filled.size());
  std::transform(filled.begin(), filled.end(), occupancy.begin(), [&](double sum) {
    return static_cast<float>(sum / std::max(alignment.neff, 1e-9));
  });
  return occupancy;
}

std::vector<float> profile_of(const Alignment& alignment, double pseudocount) {
  const auto columns = static_cast<std::size_t>(alignment.columns);
  std::vector<double> counts(columns * (residues + 1), 0);
  std::array<double, residues + 1> mean = {};
  for (int n = 0; n < alignment.rows; ++n) {
    const std::uint8_t* row = alignment.row(n);
    const double weight = alignment.weights[static_cast<std::size_t>(n)];
    for (std::size_t i = 0; i < columns; ++i) counts[i * (residues + 1) + row[i]] += weight;
  }
  for (std::size_t k = 0; k < counts.size(); ++k) mean[k % (residues + 1)] += counts[k];
  const double all = std::accumulate(mean.begin(), mean.end() - 1, 1e-9);
  std::vector<float> profile(columns * residues);
  for (std::size_t i = 0; i < columns; ++i) {
    const double* column = &counts[i * (residues + 1)];
    const double filled = std::accumulate(column, column + residues, 0.0);
    const double share = filled > 0 ? pseudocount : 1;
    for (std::size_t a = 0; a < residues; ++a) {
      const double own = filled > 0 ? column[a] / filled : 0;
      profile[i * residues + a] = static_cast<float>((1 - share) * own + share * mean[a] / all);
    }
  }
  return profile;
}

}  // namespace foldstream::workflows::predict
