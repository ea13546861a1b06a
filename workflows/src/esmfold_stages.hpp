// The options of the stages of ESMFold, for the catalog.
#pragma once

#include <foldstream/workflows/option.hpp>
#include <foldstream/workflows/stages.hpp>

namespace foldstream::workflows {

OptionTable<EmbedStageOptions> embed_table();
OptionTable<FoldStageOptions> fold_table();

}  // namespace foldstream::workflows
