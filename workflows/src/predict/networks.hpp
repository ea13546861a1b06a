// What the networks of the potts predictor say of a chain: local structure, and distances and
// orientations of pairs.
#pragma once

#include "couplings.hpp"

#include <foldstream/context.hpp>
#include <foldstream/io/msa.hpp>
#include <foldstream/io/safetensors.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace foldstream::workflows::predict {

/// Cells of φ and of ψ: 20° each, the first starts at −180°.
inline constexpr int torsion_cells = 18;

/// Of each residue. Row-major.
struct LocalPrediction {
  int length = 0;
  std::vector<float> structure;  ///< [length, 3] probability of helix, strand, other
  std::vector<float> torsions;  ///< [length, 18, 18] probability of a cell of φ (slow) and ψ (fast)
  std::vector<float> burial;    ///< [length] Cβ atoms within 10 Å of the Cβ, divided by 15

  float helix(int i) const { return structure[3 * static_cast<std::size_t>(i)]; }
  float strand(int i) const { return structure[3 * static_cast<std::size_t>(i) + 1]; }
};

/// Upper edges of the bins of the Cβ distance, Å; the last bin is open. Glycine has a virtual Cβ.
inline constexpr std::array<float, 14> distance_edges = {4,  5,  6,  7,  8,  9,  10,
                                                         11, 12, 13, 14, 16, 18, 20};
inline constexpr int distance_bins = 15;
inline constexpr int contact_bins = 5;  ///< those below 8 Å
/// The bin of a Cβ distance.
inline std::size_t distance_bin(float distance) {
  return static_cast<std::size_t>(
      std::upper_bound(distance_edges.begin(), distance_edges.end(), distance) -
      distance_edges.begin());
}
inline constexpr int shortest_separation = 3;
/// Bins of a dihedral, 30° each, the first starts at −180°; of an angle, 30° each, from 0°.
inline constexpr int dihedral_bins = 12;
inline constexpr int angle_bins = 6;

/// Of every pair i < j with j − i ≥ 3; the orientations as in trRosetta
/// (Yang et al. 2020, doi:10.1073/pnas.1914677117), for the case that Cβ–Cβ < 13 Å.
struct DistanceMap {
  struct Pair {
    int i = 0;
    int j = 0;
    std::array<float, distance_bins> probability{};
    float parallel = 0;                        ///< i and j are bridge partners of parallel strands
    float antiparallel = 0;                    ///< … of antiparallel strands
    std::array<float, dihedral_bins> omega{};  ///< Cα(i) Cβ(i) Cβ(j) Cα(j)
    std::array<float, dihedral_bins> theta_ij{};  ///< N(i) Cα(i) Cβ(i) Cβ(j)
    std::array<float, dihedral_bins> theta_ji{};  ///< N(j) Cα(j) Cβ(j) Cβ(i)
    std::array<float, angle_bins> phi_ij{};       ///< Cα(i) Cβ(i) Cβ(j)
    std::array<float, angle_bins> phi_ji{};       ///< Cα(j) Cβ(j) Cβ(i)

    float contact() const {
      float sum = 0;
      for (int b = 0; b < contact_bins; ++b) sum += probability[static_cast<std::size_t>(b)];
      return sum;
    }
  };
  int length = 0;
  std::vector<Pair> pairs;  ///< by separation, then by i
};

/// The local network: two halves trained apart, their logarithms averaged. Thread-safe.
class LocalModel {
 public:
  /// @throws Error{NotFound, InvalidArgument} for weights of another shape, Error{Unsupported}
  /// without LibTorch.
  explicit LocalModel(const io::Safetensors& weights);
  /// Reads up to 300 rows of the alignment, each as the sequence it came from, insertions
  /// included; their log-probabilities are averaged by sequence weight, the query counting five
  /// times, then sharpened.
  LocalPrediction operator()(const io::Msa& msa, const Context& context) const;

 private:
  struct Networks;
  std::shared_ptr<const Networks> networks_;
};

/// The distance network. Thread-safe.
class DistanceModel {
 public:
  /// @throws as LocalModel.
  explicit DistanceModel(const io::Safetensors& weights);
  /// @param z  robust z of the couplings, of as many columns as `residues`.
  DistanceMap operator()(const PairMap& z, std::string_view residues,
                         const LocalPrediction& local) const;

 private:
  struct Network;
  std::shared_ptr<const Network> network_;
};

}  // namespace foldstream::workflows::predict
