// ResultsFolder: the folder of a campaign, claimed for one input.
#pragma once

#include <foldstream/store.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace foldstream::apps {

/// Makes `folder`, for its owner alone, if it is absent and marks it as that of `input` (in input.json).
/// @throws Error{Io} if it cannot be written; Error{InvalidArgument} if it belongs to another input
/// or holds something that is not ours.
void claim_results_folder(const std::filesystem::path& folder, const std::filesystem::path& input);

/// The command of a campaign, by which `merge` runs it again (campaign.json).
struct CampaignCommand {
  std::filesystem::path folder;    ///< where it was given: relative paths begin there
  std::vector<std::string> words;  ///< "run", the workflow, the input, options; without --out
};
void write_command(const std::filesystem::path& out, const CampaignCommand& command);
/// @throws Error{NotFound} if the folder has none, Error{Parse} if it is damaged.
CampaignCommand read_command(const std::filesystem::path& out);
/// Of the input of a campaign. @throws as read_command.
std::string input_digest(const std::filesystem::path& out);

}  // namespace foldstream::apps
