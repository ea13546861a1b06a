// The Smith–Waterman kernel: best local score of a profile against a sequence, by SIMD.
#pragma once

#include "profile.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace foldstream::workflows::search {

/// BLOSUM62 in the order of io::amino_acids, half bits.
const std::array<std::array<int, 20>, 20>& blosum62();

/// Where the best local alignment ends. Positions count from 0; score 0 has no end.
struct LocalScore {
  int score = 0;
  int profile_end = -1;
  int target_end = -1;
};

/// A gap of length k costs open + (k − 1)·extend, as parasail counts: BLAST's "11, 1" is {12, 1}.
struct GapCosts {
  int open = 12;
  int extend = 1;
};

/// Scores sequences against one profile with 8-bit lanes, then 16 and 32 bits where they overflow.
///
/// Thread-safe: `score` may be called from any number of threads.
class Kernel {
 public:
  Kernel(const Profile& profile, GapCosts gaps);
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  /// Tokens 0–20. An empty sequence scores 0.
  LocalScore score(std::span<const std::uint8_t> target) const;
  GapCosts gaps() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace foldstream::workflows::search
