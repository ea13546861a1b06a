#include "targets.hpp"

#include <foldstream/io/a3m.hpp>
#include <foldstream/io/fasta.hpp>
#include <foldstream/io/text_file.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string_view>
#include <unordered_set>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

/// The alignment of `name` in a folder; empty if there is none.
fs::path msa_in(const fs::path& folder, const std::string& name) {
  for (const char* ending : {".a3m", ".a3m.gz", ".a3m.zst"})
    for (const std::string& stem : {name, io::safe_file_name(name)})
      if (fs::path path = folder / (stem + ending); fs::exists(path)) return path;
  return {};
}

io::Msa read_checked(const fs::path& path, const io::Sequence& sequence) {
  io::Msa msa = io::read_a3m(path);
  io::check_query(msa, sequence, path.string());
  return msa;
}

/// One sequence after the checks that need its neighbours, or why not.
class Admission {
 public:
  explicit Admission(const CampaignOptions& options) : options_(options) {}

  void admit(const io::Sequence& sequence, Targets& targets) {
    const std::string folder = io::safe_file_name(sequence.name);
    const auto [first, is_new] = folders_.emplace(folder, sequence.name);
    if (!is_new) {
      targets.refused.push_back({sequence.name, "its results folder '" + folder +
                                                    "' would be that of '" + first->second +
                                                    "'. Rename one of the two."});
      return;
    }
    try {
      targets.good.push_back({sequence, msa_of(sequence), targets.good.size()});
    } catch (const Error& error) {
      targets.refused.push_back({sequence.name, error.what()});
    }
  }

 private:
  std::optional<io::Msa> msa_of(const io::Sequence& sequence) const {
    if (options_.msa.empty()) return std::nullopt;
    if (!fs::is_directory(options_.msa)) return read_checked(options_.msa, sequence);
    const fs::path path = msa_in(options_.msa, sequence.name);
    if (path.empty()) return std::nullopt;
    return read_checked(path, sequence);
  }

  const CampaignOptions& options_;
  std::map<std::string, std::string> folders_;
};

/// Leaves the targets of one part: of the different sequences, the long ones first, each part gets one in
/// turn. Equal sequences are in one part, so that nothing is computed in two.
void take_shard(const CampaignOptions& options, Targets& targets) {
  const auto [part, parts] = parse_shard(options.shard);
  if (parts == 1) return;
  std::vector<std::string> sequences;
  for (const InputTarget& target : targets.good) sequences.push_back(target.sequence.residues);
  std::ranges::sort(sequences, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  sequences.erase(std::ranges::unique(sequences).begin(), sequences.end());
  std::unordered_set<std::string_view> own;
  for (std::size_t i = part - 1; i < sequences.size(); i += parts) own.insert(sequences[i]);
  std::erase_if(targets.good, [&](const InputTarget& target) { return !own.contains(target.sequence.residues); });
  for (std::size_t i = 0; i < targets.good.size(); ++i) targets.good[i].number = i;
  if (part > 1) targets.refused.clear();  // the first part tells
}

Magnitudes magnitudes(const InputTarget& input) {
  constexpr double linker = 25;  // residues between chains, as the model sees them
  const std::size_t chains = std::max<std::size_t>(1, input.sequence.chain_lengths.size());
  const double rows = input.msa ? static_cast<double>(input.msa->rows.size()) : expected_rows;
  return {{"length", static_cast<double>(input.sequence.length()) + linker * static_cast<double>(chains - 1)},
          {"rows", rows}};
}

}  // namespace

bool folds_complexes(const workflows::Definition& definition) {
  return std::ranges::any_of(definition.tasks, [](const auto& task) { return task.stage == "embed"; }) &&
         std::ranges::none_of(definition.tasks, [](const auto& task) {
           return task.stage == "search" || task.stage == "msa" || task.stage == "predict";
         });
}

Targets read_targets(const CampaignOptions& options, const workflows::Definition& definition) {
  if (!options.msa.empty() && !fs::exists(options.msa))
    throw Error(ErrorKind::NotFound, "--msa " + options.msa.string() + ": there is no such file.");
  Targets targets;
  Admission admission(options);
  io::FastaReader reader(options.input, {.lenient = false,
                                         .complexes = folds_complexes(definition),
                                         .max_length = options.max_length});
  std::size_t records = 0;
  while (const auto record = reader.next()) {
    if (++records == 2 && !options.msa.empty() && !fs::is_directory(options.msa))
      throw Error(ErrorKind::InvalidArgument,
                  "--msa " + options.msa.string() + " is one alignment, but " +
                      options.input.string() +
                      " holds several sequences. Give a folder with NAME.a3m for each.");
    if (const auto* refusal = std::get_if<io::FastaRefusal>(&*record))
      targets.refused.push_back({refusal->name, refusal->message});
    else
      admission.admit(std::get<io::Sequence>(*record), targets);
  }
  take_shard(options, targets);
  return targets;
}

void check_has_homologs(const Targets& targets, const CampaignOptions& options,
                        const workflows::Definition& definition) {
  if (!database_of(options).empty() || search_tasks(definition).empty()) return;
  std::string names;
  int count = 0;
  for (const InputTarget& target : targets.good) {
    if (target.msa) continue;
    if (++count <= 3) names += (names.empty() ? "'" : ", '") + target.sequence.name + "'";
  }
  if (count == 0) return;
  if (count > 3) names += " and " + std::to_string(count - 3) + " more";
  throw Error(ErrorKind::InvalidArgument,
              "no alignment and no database for " + names +
                  ". Give --database DB.fsdb (or a FASTA file) to search, or --msa.");
}

std::vector<std::string> search_tasks(const workflows::Definition& definition) {
  std::vector<std::string> names;
  for (const workflows::DefinedTask& task : definition.tasks)
    if (task.stage == "search") names.push_back(task.name);
  return names;
}

Target make_target(const InputTarget& input, const workflows::Workflow& workflow,
                   const std::vector<std::string>& search_tasks, int index) {
  Target target{input.sequence.name, {}, {}, magnitudes(input), index};
  for (const auto& [name, port] : workflow.inputs) target.inputs.emplace_back(port, input.sequence);
  if (!input.msa) return target;
  for (const std::string& task : search_tasks)
    target.given.emplace_back(workflow.graph.task(task).output("msa"), *input.msa);
  return target;
}

PlanTarget make_plan_target(const InputTarget& input, const std::vector<std::string>& search_tasks) {
  return {input.sequence.name, magnitudes(input),
          input.msa ? search_tasks : std::vector<std::string>{}};
}

}  // namespace foldstream::apps
