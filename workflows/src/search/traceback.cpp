#include "traceback.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <limits>
#include <vector>

namespace foldstream::workflows::search {
namespace {

constexpr int minus_infinity = std::numeric_limits<int>::min() / 4;

struct Start {
  int profile = 0;
  int target = 0;
};

/// Walks back from the end, target residue by target residue, until the score is reached. Linear
/// memory; the cost is that of the aligned box, however long the target is.
Start find_start(const Profile& profile, GapCosts gaps, std::span<const std::uint8_t> target,
                 const LocalScore& end) {
  const int rows = end.profile_end + 1;
  const auto count = static_cast<std::size_t>(rows);
  // index i stands for profile position end − i; best and gap values of the previous residue
  std::vector<int> best(count, minus_infinity), across(count, minus_infinity);
  for (int t = end.target_end; t >= 0; --t) {
    int diagonal = t == end.target_end ? 0 : minus_infinity, down = minus_infinity;
    for (int i = 0; i < rows; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const int position = end.profile_end - i;
      across[k] = std::max(best[k] - gaps.open, across[k] - gaps.extend);
      const int pair = diagonal + profile.row(position)[target[static_cast<std::size_t>(t)]];
      if (pair == end.score) return {position, t};
      diagonal = best[k];
      best[k] = std::max({pair, across[k], down});
      down = std::max(best[k] - gaps.open, down - gaps.extend);
    }
  }
  throw Error(ErrorKind::Internal, "no alignment of score " + std::to_string(end.score) +
                                       " ends where the kernel found it.");
}

// what a cell remembers
constexpr std::uint8_t from_pair = 0, from_insertion = 1, from_deletion = 2;
constexpr std::uint8_t insertion_goes_on = 4, deletion_goes_on = 8;

/// Global alignment of the box from `start` to `end`: one byte a cell.
std::vector<std::uint8_t> fill_box(const Profile& profile, GapCosts gaps,
                                   std::span<const std::uint8_t> box_target, const Start& start,
                                   int rows) {
  const std::size_t width = box_target.size();
  std::vector<std::uint8_t> cells(static_cast<std::size_t>(rows) * width);
  std::vector<int> best(width, minus_infinity), deletion(width, minus_infinity);
  for (int i = 0; i < rows; ++i) {
    const auto scores = profile.row(start.profile + i);
    int diagonal = i == 0 ? 0 : minus_infinity, insertion = minus_infinity, left = minus_infinity;
    for (std::size_t j = 0; j < width; ++j) {
      std::uint8_t cell = from_pair;
      const int pair = diagonal + scores[box_target[j]];
      if (insertion - gaps.extend > left - gaps.open) cell |= insertion_goes_on;
      insertion = std::max(insertion - gaps.extend, left - gaps.open);
      if (deletion[j] - gaps.extend > best[j] - gaps.open) cell |= deletion_goes_on;
      deletion[j] = std::max(deletion[j] - gaps.extend, best[j] - gaps.open);
      diagonal = best[j];
      best[j] = std::max({pair, insertion, deletion[j]});
      if (best[j] != pair) cell |= best[j] == insertion ? from_insertion : from_deletion;
      left = best[j];
      cells[static_cast<std::size_t>(i) * width + j] = cell;
    }
  }
  return cells;
}

std::string walk(const std::vector<std::uint8_t>& cells, std::size_t width) {
  std::string path;
  std::ptrdiff_t i = static_cast<std::ptrdiff_t>(cells.size() / width) - 1;
  std::ptrdiff_t j = static_cast<std::ptrdiff_t>(width) - 1;
  std::uint8_t state = from_pair;
  while (i >= 0 && j >= 0) {
    const std::uint8_t cell =
        cells[static_cast<std::size_t>(i) * width + static_cast<std::size_t>(j)];
    if (state == from_pair) state = cell & 3;
    if (state == from_pair) {
      path += 'M';
      --i, --j;
    } else if (state == from_insertion) {
      path += 'I';
      if (!(cell & insertion_goes_on)) state = from_pair;
      --j;
    } else {
      path += 'D';
      if (!(cell & deletion_goes_on)) state = from_pair;
      --i;
    }
  }
  std::reverse(path.begin(), path.end());
  return path;
}

}  // namespace

LocalAlignment trace(const Profile& profile, GapCosts gaps, std::span<const std::uint8_t> target,
                     const LocalScore& end) {
  const Start start = find_start(profile, gaps, target, end);
  const auto width = static_cast<std::size_t>(end.target_end + 1 - start.target);
  const auto box = target.subspan(static_cast<std::size_t>(start.target), width);
  const int rows = end.profile_end + 1 - start.profile;
  return {start.profile, end.profile_end + 1, start.target, end.target_end + 1,
          walk(fill_box(profile, gaps, box, start, rows), width)};
}

}  // namespace foldstream::workflows::search
