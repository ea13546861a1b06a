// A Potts model of a protein family: fitted to an alignment, read for contacts, sampled for
// sequences.
#pragma once

#include <foldstream/context.hpp>
#include <foldstream/io/msa.hpp>
#include <foldstream/tensor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace foldstream::workflows::predict {

/// P(sequence) ∝ exp(Σ_i h_i(a_i) + Σ_{i<j} J_ij(a_i, a_j)) over 21 states: the amino acids in the
/// order of io::amino_acids, then the gap. J is symmetric, J_ij(a,b) = J_ji(b,a), zero for i = j.
struct Potts {
  Tensor fields;     ///< f32 [length, 21]
  Tensor couplings;  ///< f32 [length, length, 21, 21], zero-sum over each pair of states
  double neff = 0;   ///< effective sequences it was fitted to

  int length() const { return static_cast<int>(fields.dim(0)); }
};

inline constexpr int potts_states = 21;

struct PottsOptions {
  double pseudocount = 0.5;  ///< share of the uniform distribution in the frequencies; 0–1
  int max_rows = 6000;       ///< of the alignment, in its order
  std::size_t memory = 4ULL << 30U;  ///< bytes the fit may take; more is refused
};

/// Mean-field inversion: couplings are minus the inverse of the connected correlations, the gap as
/// the reference state (Morcos et al. 2011, doi:10.1073/pnas.1111471108). Right for contacts; too
/// strong to sample from. Rows more than half gaps are left out.
/// @throws Error{InvalidArgument} for an empty alignment, Error{Resources}, Error{Unsupported}.
Potts fit_mean_field(const io::Msa& msa, const PottsOptions& options, const Context& context);

/// How to fit a model whose samples look like the family.
struct PseudoLikelihoodOptions {
  double pairs_per_column = 3;  ///< coupled pairs = this × columns, those of best mean-field score
  double ridge_fields = 0.0005;     ///< λ of Σ h² beside the mean log-likelihood of a row; ≥ 0
  double ridge_couplings = 0.0005;  ///< λ of Σ J²; ≥ 0
  int steps = 60;                   ///< of gradient descent (Adam)
  int max_rows = 4000;
};

/// Maximum pseudo-likelihood with ridge terms (Balakrishnan et al. 2011, doi:10.1002/prot.22934)
/// over the pairs that mean-field inversion finds coupled. Few pairs, so that the noise of the
/// others is not sampled as if it were signal. Rows more than half gaps are left out; a gap is a
/// state.
/// @throws Error{InvalidArgument} for an empty alignment, Error{Unsupported} without LibTorch.
Potts fit_pseudo_likelihood(const io::Msa& msa, const PseudoLikelihoodOptions& options,
                            const Context& context);

/// `count` sequences drawn by Gibbs sampling, each from a chain of its own of `sweeps` sweeps that
/// starts at random residues; over the amino acids only, so that none has a gap.
/// The same for any number of threads. @throws Error{InvalidArgument} if count < 0.
std::vector<std::string> sample(const Potts& model, int count, std::uint64_t seed,
                                const Context& context = {}, int sweeps = 200);

}  // namespace foldstream::workflows::predict
