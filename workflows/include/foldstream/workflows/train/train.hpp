// Training of the networks of the potts predictor, from solved structures.
#pragma once

#include <foldstream/context.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace foldstream::workflows::train {

/// What is known at the end of an epoch. Figures are means over what is named.
struct Epoch {
  std::string phase;     ///< "half 0", "simulated maps"
  int number = 0;        ///< from 1
  int count = 0;         ///< epochs of the phase
  double training = 0;   ///< loss on what was trained on
  std::string held_out;  ///< figures on what was not, "Q3 0.688, torsions 3.27 nats"
  double seconds = 0;    ///< since the phase began or was resumed
};

struct TrainOptions {
  std::filesystem::path structures;  ///< chain library (io::read_chain_library)
  std::filesystem::path out;         ///< folder of the weights and of the checkpoints
  std::uint64_t seed = 1;
  double length = 1;  ///< of the training, relative to the default; > 0
  /// Told at the end of each epoch; may be empty.
  std::function<void(const Epoch&)> on_epoch;
};

/// Where the other ingredients of the distance network lie.
struct DistanceTraining {
  std::filesystem::path local;  ///< weights of the local network; empty = built in
  std::filesystem::path noise;  ///< noise tables; empty = built in
  std::filesystem::path pairs;  ///< alignments with solved structures, only judged; may be empty
};

/// Each trains until the end, or goes on from the checkpoint that an earlier call with the same
/// options left in `out`; equal options and data give equal weights, bit for bit on one machine,
/// whatever `context.threads` is and however often it was stopped. Chains that are held out or
/// incomplete are not used. @returns the file written.
/// @throws Error{Cancelled} after a checkpoint, Error{NotFound, Io, Parse} for the inputs,
///         Error{Unsupported} without LibTorch.

/// potts-local.safetensors: two networks, each trained on half of the chains and held against the
/// other half.
std::filesystem::path train_local(const TrainOptions& options, const Context& context);

/// potts-distance.safetensors: trained on coupling maps simulated for the chains.
std::filesystem::path train_distance(const TrainOptions& options, const DistanceTraining& inputs,
                                     const Context& context);

/// potts-mirror.safetensors: which hand packed and crossing segments have, counted on the chains.
std::filesystem::path train_mirror(const TrainOptions& options, const Context& context);

/// potts-noise.safetensors: how couplings scatter for pairs of a given distance, counted on the
/// alignments with solved structures in the folder `pairs`.
std::filesystem::path measure_noise(const std::filesystem::path& pairs, const TrainOptions& options,
                                    const Context& context);

}  // namespace foldstream::workflows::train
