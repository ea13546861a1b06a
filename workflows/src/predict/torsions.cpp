#include "random.hpp"
#include "torsions.hpp"

#include <cmath>

namespace foldstream::workflows::predict {
namespace {

constexpr std::size_t cells = torsion_cells;
constexpr std::size_t side = TorsionPotentials::side;
constexpr float background = 0.03F;  // share of the protein's mean in each residue's cells
constexpr float cell = 2 * std::numbers::pi_v<float> / torsion_cells;

using Cells = std::array<float, cells * cells>;

Cells mean_cells(const LocalPrediction& local) {
  Cells mean{};
  for (std::size_t k = 0; k < local.torsions.size(); ++k) {
    mean[k % mean.size()] += local.torsions[k] / static_cast<float>(local.length);
  }
  return mean;
}

/// In which cell, counted between centres, and how far in it.
FOLDSTREAM_INLINE Place cell_of(const Lanes& angle) {
  constexpr float pi = std::numbers::pi_v<float>;
  constexpr auto count = static_cast<float>(cells);
  const Lanes x = (wrapped(angle) + pi) * (1 / cell) - 0.5F;
  return place_of(least(x + where(below(x, Lanes{}), all(count)), all(count - 1e-4F)));
}

}  // namespace

TorsionPotentials make_torsions(const LocalPrediction& local) {
  const Cells mean = mean_cells(local);
  TorsionPotentials potentials;
  potentials.residues.resize(static_cast<std::size_t>(local.length));
  for (std::size_t i = 0; i < potentials.residues.size(); ++i) {
    const float* own = local.torsions.data() + i * mean.size();
    for (std::size_t k = 0; k < side * side; ++k) {
      const std::size_t at = (k / side % cells) * cells + k % side % cells;
      const float p = (1 - background) * own[at] + background * mean[at] + 1e-6F;
      potentials.residues[i][k] = -std::log(p);
    }
  }
  return potentials;
}

FOLDSTREAM_WIDE void add_torsions(const TorsionPotentials& potentials, float weight,
                                  std::span<const Torsions> torsions, Lanes& energy,
                                  std::span<Torsions> gradient) {
  constexpr auto row = static_cast<std::int32_t>(side);
  for (std::size_t i = 0; i < torsions.size(); ++i) {
    const float* table = potentials.residues[i].data();
    const Place phi = cell_of(torsions[i].phi);
    const Place psi = cell_of(torsions[i].psi);
    const LaneInts corner = phi.index * row + psi.index;
    Lanes e00, e01, e10, e11;
    for (std::size_t k = 0; k < lane_count; ++k) {
      const float* at = table + corner[k];
      e00[k] = at[0];
      e01[k] = at[1];
      e10[k] = at[side];
      e11[k] = at[side + 1];
    }
    const Lanes low = e00 + psi.rest * (e01 - e00);
    const Lanes high = e10 + psi.rest * (e11 - e10);
    energy += weight * (low + phi.rest * (high - low));
    gradient[i].phi += (weight / cell) * (high - low);
    gradient[i].psi += (weight / cell) * ((1.0F - phi.rest) * (e01 - e00) + phi.rest * (e11 - e10));
  }
}

std::vector<double> draw_torsions(const LocalPrediction& local, std::uint64_t seed,
                                  std::uint64_t stream) {
  Random random(seed, stream);
  std::vector<double> torsions;
  for (int i = 0; i < local.length; ++i) {
    Cells sharpened;
    const float* own = local.torsions.data() + static_cast<std::size_t>(i) * sharpened.size();
    for (std::size_t k = 0; k < sharpened.size(); ++k) sharpened[k] = std::pow(own[k], 1.5F);
    const std::size_t chosen = random.choose(std::span<const float>(sharpened));
    for (const std::size_t at : {chosen / cells, chosen % cells}) {
      const double turns = (static_cast<double>(at) + random.uniform()) / torsion_cells;
      torsions.push_back(2 * std::numbers::pi * turns - std::numbers::pi);
    }
  }
  return torsions;
}

}  // namespace foldstream::workflows::predict
