// Relaxation of an all-atom model in stages.
#pragma once

#include <foldstream/io/structure.hpp>
#include <foldstream/workflows/refine/all_atom.hpp>
#include <foldstream/workflows/refine/refine.hpp>

#include <functional>

namespace foldstream::workflows::refine {

/// Minimises `model` near the atoms of `input`. `check` as in `minimise`.
void relax(AllAtomModel& model, const io::Structure& input, const RefineOptions& options,
           const std::function<bool()>& check);

}  // namespace foldstream::workflows::refine
