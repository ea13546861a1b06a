#include "score/residue_alignment.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

namespace foldstream::workflows::score {
namespace {

// far apart from 1, so that equal numbers decide nothing but ties in chains of up to 5,000 residues
constexpr int match = 40000;
constexpr int mismatch = -10000;
constexpr int gap_open = -50000;
constexpr int gap_extend = -5000;
constexpr int same_number = 1;
constexpr int impossible = -1'000'000'000;

enum State : std::uint8_t { Paired = 0, OnlyA = 1, OnlyB = 2 };

int pair_score(const ResidueLabel& a, const ResidueLabel& b) {
  const bool numbered_alike = a.number == b.number && a.insertion == b.insertion;
  const int letters = a.letter == 'X' || b.letter == 'X' ? 0
                      : a.letter == b.letter             ? match
                                                         : mismatch;
  return letters + (numbered_alike ? same_number : 0);
}

/// The best of three scores and the state it comes from; the earlier state wins a tie.
std::pair<int, std::uint8_t> best_of(int paired, int only_a, int only_b) {
  if (paired >= only_a && paired >= only_b) return {paired, Paired};
  return only_a >= only_b ? std::pair<int, std::uint8_t>{only_a, OnlyA}
                          : std::pair<int, std::uint8_t>{only_b, OnlyB};
}

/// Scores of the current and the previous row; the way back of every cell.
class Table {
 public:
  Table(const std::vector<ResidueLabel>& a, const std::vector<ResidueLabel>& b)
      : a_(a), b_(b), width_(b.size() + 1), back_((a.size() + 1) * width_) {}

  IndexPairs align() {
    std::vector<Cell> above(width_);
    above[0].score[Paired] = 0;
    for (std::size_t j = 1; j < width_; ++j) above[j] = step_b(above[j - 1], 0, j);
    for (std::size_t i = 1; i <= a_.size(); ++i) {
      std::vector<Cell> row(width_);
      for (std::size_t j = 0; j < width_; ++j) fill(above, row, i, j);
      above.swap(row);
    }
    const auto& end = above.back().score;
    return walk_back(best_of(end[Paired], end[OnlyA], end[OnlyB]).second);
  }

 private:
  struct Cell {
    int score[3] = {impossible, impossible, impossible};
  };

  std::uint8_t& back(std::size_t i, std::size_t j) { return back_[i * width_ + j]; }

  void fill(const std::vector<Cell>& above, std::vector<Cell>& row, std::size_t i, std::size_t j) {
    if (j > 0) row[j] = step_b(row[j - 1], i, j);
    const bool overhang = j == 0 || j + 1 == width_;
    const int open = overhang ? 0 : gap_open, extend = overhang ? 0 : gap_extend;
    const auto& up = above[j].score;
    const auto [gap, gap_from] = best_of(up[Paired] + open, up[OnlyA] + extend, up[OnlyB] + open);
    row[j].score[OnlyA] = gap;
    back(i, j) |= gap_from << 2;
    if (j == 0) return;
    const auto& left = above[j - 1].score;
    const auto [diagonal, from] = best_of(left[Paired], left[OnlyA], left[OnlyB]);
    row[j].score[Paired] = std::max(impossible, diagonal + pair_score(a_[i - 1], b_[j - 1]));
    back(i, j) |= from;
  }

  /// The cell right of `left` so far as it comes from there: a residue of b without partner.
  Cell step_b(const Cell& left, std::size_t i, std::size_t j) {
    const bool overhang = i == 0 || i == a_.size();
    const int open = overhang ? 0 : gap_open, extend = overhang ? 0 : gap_extend;
    const auto [score, from] =
        best_of(left.score[Paired] + open, left.score[OnlyA] + open, left.score[OnlyB] + extend);
    Cell cell;
    cell.score[OnlyB] = score;
    back(i, j) |= from << 4;
    return cell;
  }

  IndexPairs walk_back(std::uint8_t state) {
    IndexPairs pairs;
    std::size_t i = a_.size(), j = b_.size();
    while (i > 0 || j > 0) {
      const std::uint8_t from = back(i, j) >> (2 * state) & 3;
      if (state == Paired) pairs.emplace_back(static_cast<int>(i) - 1, static_cast<int>(j) - 1);
      if (state != OnlyB) --i;
      if (state != OnlyA) --j;
      state = from;
    }
    std::reverse(pairs.begin(), pairs.end());
    return pairs;
  }

  const std::vector<ResidueLabel>& a_;
  const std::vector<ResidueLabel>& b_;
  std::size_t width_;
  std::vector<std::uint8_t> back_;  ///< two bits for each state of a cell
};

}  // namespace

IndexPairs align_letters(const std::vector<ResidueLabel>& a, const std::vector<ResidueLabel>& b) {
  if (a.empty() || b.empty()) return {};
  return Table(a, b).align();
}

IndexPairs match_numbers(const std::vector<ResidueLabel>& a, const std::vector<ResidueLabel>& b) {
  std::map<std::pair<int, char>, int> of_b;
  for (std::size_t j = 0; j < b.size(); ++j)
    of_b.emplace(std::pair{b[j].number, b[j].insertion}, static_cast<int>(j));
  IndexPairs pairs;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto found = of_b.extract({a[i].number, a[i].insertion});
    if (found) pairs.emplace_back(static_cast<int>(i), found.mapped());
  }
  return pairs;
}

}  // namespace foldstream::workflows::score
