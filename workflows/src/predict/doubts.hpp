// What an alignment alone tells against the models that will come of it.
#pragma once

#include "repeats.hpp"

#include <string>
#include <vector>

namespace foldstream::workflows::predict {

/// @throws Error{InvalidArgument} if the alignment holds fewer than 10 effective sequences; the
///         message tells how many rows were given and why some were left out.
void check_depth(const Alignment& alignment);

/// Sentences for the user, the worst first: too few sequences, columns without homologs, unknown
/// residues in the query, repeats, many conserved cysteines. Empty for a good alignment.
std::vector<std::string> doubts_about(const Alignment& alignment, const Repeats& repeats);

}  // namespace foldstream::workflows::predict
