// ResultsFolder: the folder of a campaign, claimed for one input.
#pragma once

#include <foldstream/store.hpp>

#include <filesystem>
#include <map>
#include <string>

namespace foldstream::apps {

/// Makes `folder` if it is absent and marks it as that of `input` (in input.json).
/// @throws Error{Io} if it cannot be written; Error{InvalidArgument} if it belongs to another input
/// or holds something that is not ours.
void claim_results_folder(const std::filesystem::path& folder, const std::filesystem::path& input);

}  // namespace foldstream::apps
