#include "campaign_options.hpp"

#include "models_dir.hpp"
#include "site.hpp"

#include <foldstream/workflows/predict/torch_info.hpp>

#include <algorithm>
#include <charconv>

namespace foldstream::apps {
namespace {

using workflows::Definition;
using workflows::Setting;

/// A shorthand of the command line must reach some task, or it would be silently without effect.
void set_shorthand(Definition& definition, const workflows::Catalog& catalog,
                   const std::string& option, const std::string& value) {
  const Setting setting{option, value, {"--" + option, 0, 0}};
  if (workflows::set_everywhere(definition, catalog, setting) == 0)
    throw Error(ErrorKind::InvalidArgument, "--" + option + ": no task of workflow '" +
                                                definition.name + "' has an option '" + option +
                                                "'. Leave it out.");
}

}  // namespace

void add_campaign_options(CLI::App& command, CampaignOptions& options) {
  command.add_option("INPUT", options.input, "FASTA file of the sequences to fold (.gz, .zst too)")
      ->required();
  command.add_option("-d,--database", options.database,
                     "sequence database: a .fsdb of 'foldstream db build', or a FASTA file");
  command.add_option("--msa", options.msa,
                     "alignment of the target, or a folder with NAME.a3m for each; skips the search");
  command.add_option("-o,--out", options.out, "folder for the results; run again to go on")
      ->capture_default_str();
  command.add_option("--models", options.models, "models for each target (1-50)");
  command.add_option("--seed", options.seed, "the same seed gives the same bytes");
  command.add_option("--couplings", options.couplings,
                     "contacts from the alignment by mean-field, or by plm (better, slower)");
  command.add_option("--weights", options.weights,
                     "folder of weights that 'foldstream train' made, in place of the built-in ones");
  command.add_option("--model", options.model, "neural model: a folder, or a name of 'models list'");
  command.add_option("--models-dir", options.models_dir,
                     "folder of model folders; default: $FOLDSTREAM_MODELS_DIR, else "
                     "~/.local/share/foldstream/models");
  command.add_option("--device", options.device,
                     "where neural models run: cpu, cuda, another backend of LibTorch, or auto");
  command.add_option("--device-plugin", options.device_plugin,
                     "library (.so) that brings a backend of its own to LibTorch")
      ->check(CLI::ExistingFile);
  command.add_option("--set", options.sets, "set one option of a task: TASK.OPTION=VALUE; repeatable")
      ->allow_extra_args(false);
  command.add_option("--max-length", options.max_length, "refuse longer sequences, residues")
      ->capture_default_str();
  command.add_option("-t,--threads", options.threads, "threads to use; 0 = all this process may use")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  command.add_option("--memory", options.memory_gb, "GB that tasks may need at once; 0 = no limit")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command.add_option("--roles", options.roles,
                     "what ranks of an mpirun are for: 0-1:search,2-3:predict+refine");
  command.add_option("--run-ahead", options.run_ahead,
                     "with --roles: most targets in work at once; 0 = 4 for each thread")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  command.add_option("--metrics", options.metrics,
                     "folder in which each rank keeps a text file of metrics for Prometheus (textfile collector)");
  command
      .add_option("--metrics-port", options.metrics_port,
                  "metrics for Prometheus by HTTP on 127.0.0.1, path /metrics: the node's first "
                  "rank has this port, the next the port after it")
      ->check(CLI::Range(1024, 65'000));
  command.add_flag("--offline", options.is_offline,
                   "any use of the network, but MPI's, is an error, which the kernel sees to");
  command.add_option("--shard", options.shard,
                     "fold one part of the targets, 2/3 the second of three; 'foldstream merge' joins the results");
  command.add_flag("--share", options.is_shared,
                   "other jobs with --share may work on the same --out at once: each takes targets that none has");
  command.add_option("--lease-seconds", options.lease_seconds,
                     "with --share: a job that gave no sign of life for so long has lost its targets to others")
      ->capture_default_str()
      ->check(CLI::Range(5, 86'400));
  command.add_flag("--json", options.json, "print the result as JSON on standard output");
}

std::vector<std::string> campaign_words(const std::vector<const CLI::Option*>& options) {
  static const std::vector<std::string> not_repeated = {"--help", "--workflow", "--out", "--shard"};
  std::vector<std::string> words;
  for (const CLI::Option* option : options) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    const std::string name = "--" + option->get_lnames().front();
    if (std::ranges::find(not_repeated, name) != not_repeated.end()) continue;
    if (option->get_expected_min() == 0) {
      words.push_back(name);
      continue;
    }
    for (const std::string& value : option->results()) {
      words.push_back(name);
      words.push_back(value);
    }
  }
  return words;
}

std::pair<std::uint64_t, std::uint64_t> parse_shard(const std::string& text) {
  std::uint64_t part = 1, parts = 1;
  if (text.empty()) return {part, parts};
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, part);
  const bool has_slash = first.ec == std::errc() && first.ptr != end && *first.ptr == '/';
  const auto second = has_slash ? std::from_chars(first.ptr + 1, end, parts) : first;
  if (!has_slash || second.ec != std::errc() || second.ptr != end || part < 1 || part > parts)
    throw Error(ErrorKind::InvalidArgument, "--shard: '" + text + "' is not PART/PARTS, as in --shard 2/3.");
  return {part, parts};
}

std::filesystem::path database_of(const CampaignOptions& options) {
  if (!options.database.empty() || !std::filesystem::exists(site_profile().database)) return options.database;
  return site_profile().database;
}

workflows::Definition define(const CampaignOptions& options, const workflows::Catalog& catalog) {
  if (!options.device_plugin.empty())
    workflows::predict::load_device_plugin(options.device_plugin);
  Definition definition = workflows::read_definition(options.workflow);
  if (!options.database.empty())
    set_shorthand(definition, catalog, "database", options.database.string());
  else if (const auto database = database_of(options); !database.empty())
    set_everywhere(definition, catalog, {"database", database.string(), {"site profile", 0, 0}});
  if (options.models) set_shorthand(definition, catalog, "models", std::to_string(*options.models));
  if (!options.couplings.empty())
    set_shorthand(definition, catalog, "couplings", options.couplings);
  if (!options.weights.empty())
    set_shorthand(definition, catalog, "weights", options.weights.string());
  if (!options.model.empty()) set_shorthand(definition, catalog, "model", options.model);
  if (!options.device_found.empty())
    set_default(definition, catalog, {"device", options.device_found, {"--device", 0, 0}});
  if (const bool is_found = options.device == "auto" && !options.device_found.empty();
      !options.device.empty() && !is_found)
    set_shorthand(definition, catalog, "device", options.device);
  set_everywhere(definition, catalog,
                 {"models_dir", models_dir(options.models_dir).string(), {"--models-dir", 0, 0}});
  if (options.seed) set_shorthand(definition, catalog, "seed", std::to_string(*options.seed));
  set_everywhere(definition, catalog, {"folder", options.out.string(), {"--out", 0, 0}});
  for (const std::string& assignment : options.sets) workflows::set_option(definition, assignment);
  return definition;
}

}  // namespace foldstream::apps
