// The alignment behind a score: which positions of a profile face which residues of a target.
#pragma once

#include "kernel.hpp"
#include "profile.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace foldstream::workflows::search {

/// A local alignment; ranges are half-open and count from 0.
struct LocalAlignment {
  int profile_begin = 0, profile_end = 0;
  int target_begin = 0, target_end = 0;
  std::string path;  ///< 'M' both, 'D' the target skips a position, 'I' it has one more residue
};

/// The alignment of best score that ends where `end` says. Of equal ones, always the same.
///
/// Memory: one byte a cell of the aligned box (≤ profile length × 6 × profile length in practice).
/// @throws foldstream::Error{Internal} if no alignment with that score ends there.
LocalAlignment trace(const Profile& profile, GapCosts gaps, std::span<const std::uint8_t> target,
                     const LocalScore& end);

}  // namespace foldstream::workflows::search
