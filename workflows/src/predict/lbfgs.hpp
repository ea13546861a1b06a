// L-BFGS: minimises a smooth function of many variables from values and gradients alone.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace foldstream::workflows::predict {

struct LbfgsOptions {
  int evaluations = 40;      ///< at most
  double tolerance = 0.003;  ///< done when |gradient| ≤ this × max(1, |x|)
  int memory = 5;            ///< pairs of steps and gradient changes that model the curvature
};

/// Writes the gradient at x and returns the value there.
using Objective = std::function<double(std::span<const float> x, std::span<float> gradient)>;

/// Moves x downhill: two-loop recursion (Nocedal 1980, doi:10.2307/2006193), steps halved until the
/// value falls enough. Never leaves x at a higher value than it had. Sums in double, one thread.
/// @returns the value at x.
double minimise(const Objective& objective, std::span<float> x, const LbfgsOptions& options);

}  // namespace foldstream::workflows::predict
