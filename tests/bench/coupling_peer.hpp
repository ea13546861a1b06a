// Mutual information: the simplest contact predictor, for any other to beat.
#pragma once

#include <foldstream/context.hpp>
#include <foldstream/io/msa.hpp>

#include <vector>

namespace foldstream::bench {

/// Mutual information of pairs of columns over the rows with a residue in both, times the weight of
/// these rows (at 80 % identity; rows more than half gaps have none), less its average product
/// (Dunn et al. 2008, doi:10.1093/bioinformatics/btm604). Row-major [columns, columns], symmetric.
std::vector<float> mutual_information(const io::Msa& msa, const Context& context);

}  // namespace foldstream::bench
