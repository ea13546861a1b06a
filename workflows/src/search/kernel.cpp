#include "kernel.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/sequence.hpp>

#include <parasail.h>

#include <algorithm>
#include <new>
#include <string_view>
#include <vector>

namespace foldstream::workflows::search {
namespace {

using Result = std::unique_ptr<parasail_result_t, decltype(&parasail_result_free)>;
using Function = decltype(&parasail_sw_striped_profile_8);

/// parasail's description of a profile over our tokens: letter k of the "alphabet" is the byte k.
struct Matrix {
  std::vector<int> values;
  std::array<int, 256> mapper = {};
  std::array<char, profile_width + 1> alphabet = {};
  parasail_matrix_t matrix = {};

  explicit Matrix(const Profile& profile) : values(profile.scores.begin(), profile.scores.end()) {
    mapper.fill(profile_width - 1);
    for (int k = 0; k < profile_width; ++k) {
      mapper[static_cast<std::size_t>(k)] = k;
      alphabet[static_cast<std::size_t>(k)] = static_cast<char>(k);
    }
    matrix.name = "profile";
    matrix.matrix = values.data();
    matrix.mapper = mapper.data();
    matrix.size = profile_width;
    matrix.max = *std::max_element(values.begin(), values.end());
    matrix.min = *std::min_element(values.begin(), values.end());
    matrix.type = PARASAIL_MATRIX_TYPE_PSSM;
    matrix.length = profile.length;
    matrix.alphabet = alphabet.data();
    matrix.query = nullptr;
  }
};

}  // namespace

const std::array<std::array<int, 20>, 20>& blosum62() {
  static const auto table = [] {
    const parasail_matrix_t* matrix = parasail_matrix_lookup("blosum62");
    std::array<std::array<int, 20>, 20> scores = {};
    for (std::size_t a = 0; a < 20; ++a) {
      for (std::size_t b = 0; b < 20; ++b) {
        const auto row = matrix->mapper[static_cast<unsigned char>(io::amino_acids[a])];
        const auto column = matrix->mapper[static_cast<unsigned char>(io::amino_acids[b])];
        scores[a][b] = matrix->matrix[row * matrix->size + column];
      }
    }
    return scores;
  }();
  return table;
}

struct Kernel::State {
  Matrix matrix;
  GapCosts gaps;
  std::unique_ptr<parasail_profile_t, decltype(&parasail_profile_free)> profile;

  State(const Profile& from, GapCosts costs)
      : matrix(from),
        gaps(costs),
        profile(parasail_profile_create_sat("", from.length, &matrix.matrix),
                parasail_profile_free) {
    if (!profile) throw std::bad_alloc();
  }
};

Kernel::Kernel(const Profile& profile, GapCosts gaps)
    : state_(std::make_unique<State>(profile, gaps)) {}
Kernel::~Kernel() = default;

GapCosts Kernel::gaps() const { return state_->gaps; }

LocalScore Kernel::score(std::span<const std::uint8_t> target) const {
  if (target.empty()) return {};
  const auto* letters = reinterpret_cast<const char*>(target.data());
  for (const Function function : {&parasail_sw_striped_profile_8, &parasail_sw_striped_profile_16,
                                  &parasail_sw_striped_profile_32}) {
    const Result result(function(state_->profile.get(), letters, static_cast<int>(target.size()),
                                 state_->gaps.open, state_->gaps.extend),
                        parasail_result_free);
    if (!result) throw std::bad_alloc();
    if (parasail_result_is_saturated(result.get()) != 0) continue;
    return {parasail_result_get_score(result.get()), parasail_result_get_end_query(result.get()),
            parasail_result_get_end_ref(result.get())};
  }
  throw Error(ErrorKind::Internal, "an alignment score does not fit 32 bits.");
}

}  // namespace foldstream::workflows::search
