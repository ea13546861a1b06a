#include "alignment.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <atomic>
#include <numeric>

namespace foldstream::workflows::predict {
namespace {

constexpr double identity_threshold = 0.8;

void append_row(Alignment& alignment, const std::string& letters) {
  for (const char letter : letters) {
    const std::uint8_t token = io::token_of(letter);
    alignment.tokens.push_back(token < no_residue ? token : no_residue);
  }
  ++alignment.rows;
}

bool is_mostly_gaps(const std::string& letters) {
  const auto gaps = std::count_if(letters.begin(), letters.end(),
                                  [](char c) { return io::token_of(c) >= no_residue; });
  return 2 * gaps > static_cast<std::ptrdiff_t>(letters.size());
}

bool is_similar(const std::uint8_t* a, const std::uint8_t* b, int columns) {
  int same = 0;
  int joint = 0;
  for (int c = 0; c < columns; ++c) {
    const int both = static_cast<int>(a[c] < no_residue) & static_cast<int>(b[c] < no_residue);
    joint += both;
    same += both & static_cast<int>(a[c] == b[c]);
  }
  return same >= identity_threshold * joint - 1e-3;
}

/// Each block of rows counts its own neighbours, so no two threads write the same count.
void weigh(Alignment& alignment, const Context& context) {
  constexpr int block = 64;
  const int blocks = (alignment.rows + block - 1) / block;
  alignment.weights.assign(static_cast<std::size_t>(alignment.rows), 0);
  parallel_for(context, blocks, [&](int index) {
    const int end = std::min(alignment.rows, (index + 1) * block);
    for (int i = index * block; i < end; ++i) {
      int similar = 0;
      for (int j = 0; j < alignment.rows; ++j) {
        similar +=
            static_cast<int>(is_similar(alignment.row(i), alignment.row(j), alignment.columns));
      }
      alignment.weights[static_cast<std::size_t>(i)] = 1.0F / static_cast<float>(similar);
    }
  });
}

}  // namespace

Alignment read_alignment(const io::Msa& msa, int max_rows, const Context& context) {
  if (msa.rows.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "the alignment is empty; couplings need a query and its homologs.");
  }
  Alignment alignment;
  alignment.columns = static_cast<int>(msa.columns());
  const bool weighted = msa.weights.size() == msa.rows.size();
  for (std::size_t r = 0; r < msa.rows.size() && alignment.rows < max_rows; ++r) {
    const std::string letters = io::aligned(msa.rows[r]);
    if (letters.size() != msa.columns()) {
      throw Error(ErrorKind::InvalidArgument,
                  "row '" + msa.rows[r].name + "' of the alignment has " +
                      std::to_string(letters.size()) + " columns, its query has " +
                      std::to_string(msa.columns()) + ". Is the file in A3M notation?");
    }
    if (r > 0 && is_mostly_gaps(letters)) continue;
    append_row(alignment, letters);
    if (weighted) alignment.weights.push_back(msa.weights[r]);
  }
  if (!weighted) weigh(alignment, context);
  alignment.neff = std::accumulate(alignment.weights.begin(), alignment.weights.end(), 0.0);
  return alignment;
}

}  // namespace foldstream::workflows::predict
