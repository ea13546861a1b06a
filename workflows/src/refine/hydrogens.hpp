// Hydrogens placed by the rules of a force field.
#pragma once

#include "vec3.hpp"

#include <foldstream/workflows/refine/force_field.hpp>

#include <span>
#include <string>
#include <vector>

namespace foldstream::workflows::refine {

/// The names that `rule` makes: "HA", or "HB1", "HB2".
std::vector<std::string> hydrogen_names(const HydrogenRule& rule);

/// The places of the hydrogens of `rule` at `length` (Å) from `at[0]`, which the other control
/// atoms `at[1…]` orient. @throws Error{Unsupported} for a method that no amino acid needs.
std::vector<Vec3> place_hydrogens(const HydrogenRule& rule, std::span<const Vec3> at,
                                  double length);

}  // namespace foldstream::workflows::refine
