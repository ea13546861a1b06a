// What a fold came to, as the house keeps models.
#pragma once

#include "folding_model.hpp"

#include <foldstream/io/prediction.hpp>

#include <string>

namespace foldstream::workflows::predict::esmfold {

/// All heavy atoms, chains A, B, …; linkers are dropped. pLDDT of a residue is that of its Cα, of an
/// unknown residue, which has no atoms, 0; atoms have their own as B-factor. pTM is the predicted TM.
/// @param residues  one-letter codes of the residues that are not in linkers
io::Model model_of(const FoldInput& input, const std::string& residues, const FoldedPass& pass,
                   const FoldedError& error);

}  // namespace foldstream::workflows::predict::esmfold
