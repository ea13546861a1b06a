// Targets: the sequences of a FASTA file with the alignments that were given for them.
#pragma once

#include "campaign_options.hpp"

#include <foldstream/executor.hpp>
#include <foldstream/io/msa.hpp>
#include <foldstream/io/sequence.hpp>
#include <foldstream/plan.hpp>

#include <optional>
#include <string>
#include <vector>

namespace foldstream::apps {

/// How many rows to expect of a search, where none has been made.
inline constexpr double expected_rows = 2000;

struct InputTarget {
  io::Sequence sequence;
  std::optional<io::Msa> msa;
  std::size_t number = 0;  ///< among the good targets of the input
};

/// A record of the input that cannot run.
struct Refusal {
  std::string name;
  std::string message;
};

struct Targets {
  std::vector<InputTarget> good;
  std::vector<Refusal> refused;  ///< in input order
};

/// Reads the input of a campaign. What is wrong with one record is told in `refused`.
/// @throws Error if the file as a whole cannot be used: absent, empty, no FASTA; or if --msa names
/// one file for several targets.
Targets read_targets(const CampaignOptions& options, const workflows::Definition& definition);

/// @throws Error{InvalidArgument} naming the targets without an alignment if the workflow searches
///         for homologs and there is no database.
void check_has_homologs(const Targets& targets, const CampaignOptions& options,
                        const workflows::Definition& definition);

/// The tasks of a definition whose results an alignment of the user replaces.
std::vector<std::string> search_tasks(const workflows::Definition& definition);

/// For the executor. `index` counts the good targets.
Target make_target(const InputTarget& input, const workflows::Workflow& workflow,
                   const std::vector<std::string>& search_tasks, int index);

/// For the plan.
PlanTarget make_plan_target(const InputTarget& input, const std::vector<std::string>& search_tasks);

}  // namespace foldstream::apps
