// The weights of the potts predictor: those built into the library, or others from a folder.
#pragma once

#include "hands.hpp"
#include "networks.hpp"

#include <filesystem>
#include <memory>

namespace foldstream::workflows::predict {

struct Weights {
  LocalModel local;
  DistanceModel distance;
  HandTables hands;
};

/// Reads potts-local, potts-distance and potts-mirror.safetensors from `folder`; those built into
/// the library if it is empty (read once, then shared). Thread-safe.
/// @throws Error{NotFound, Io, Parse, InvalidArgument} naming the file.
std::shared_ptr<const Weights> load_weights(const std::filesystem::path& folder);

}  // namespace foldstream::workflows::predict
