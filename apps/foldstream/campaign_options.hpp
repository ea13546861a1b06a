// What `fold`, `run` and `plan` take from the command line.
#pragma once

#include <foldstream/workflows/catalog.hpp>
#include <foldstream/workflows/definition.hpp>

#include <CLI/CLI.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foldstream::apps {

struct CampaignOptions {
  std::string workflow = "fold";
  std::filesystem::path input;      ///< FASTA of targets
  std::filesystem::path database;   ///< empty: none
  std::filesystem::path msa;        ///< file or folder; empty: none
  std::filesystem::path out = "results";
  std::optional<int> models;
  std::optional<std::uint64_t> seed;
  std::string couplings;            ///< "mean-field" or "plm"; empty: as the workflow says
  std::filesystem::path weights;    ///< folder; empty: the built-in ones
  std::string model;                ///< folder of a neural model, or its name; empty: as the workflow says
  std::filesystem::path models_dir; ///< folder of model folders; empty: the usual one
  std::string device;               ///< "cpu", "cuda", "auto"; empty: as the workflow says
  std::string device_found;         ///< kind that "auto" stands for; empty: what this machine has
  std::filesystem::path device_plugin;  ///< a library that brings a backend to LibTorch; empty: none
  std::vector<std::string> sets;    ///< task.option=value
  std::size_t max_length = 2000;
  int threads = 0;
  double memory_gb = 0;             ///< 0 = no limit
  std::string roles;                ///< of ranks, "0-1:search,2-3:predict"; empty: any
  int run_ahead = 0;                ///< most targets in work at once, over ranks of roles; 0 = chosen
  std::filesystem::path metrics;    ///< folder of files for Prometheus; empty: none
  int metrics_port = 0;             ///< where the node's first rank serves metrics; 0: nowhere
  bool is_offline = false;          ///< no network but MPI's
  std::string shard;                ///< "2/3": the second of three parts; empty: all
  bool is_shared = false;           ///< several jobs may work on the results folder at once
  double lease_seconds = 60;        ///< of silence, after which a job has lost what it holds
  bool json = false;
  bool quiet = false;
  std::vector<std::string> words;   ///< that give these options again, but for --out and --shard
};

/// The positional INPUT and every option but --workflow.
void add_campaign_options(CLI::App& command, CampaignOptions& options);

/// The options of `command` that were given, as words of a command line, but for --help, --workflow,
/// --out and --shard.
std::vector<std::string> campaign_words(const std::vector<const CLI::Option*>& options);

/// The part and the number of parts of "2/3"; 1 and 1 for an empty text.
/// @throws Error{InvalidArgument} for another form.
std::pair<std::uint64_t, std::uint64_t> parse_shard(const std::string& text);

/// What is searched: that of the command line, else that of the site.
std::filesystem::path database_of(const CampaignOptions& options);

/// The definition with the options of the command line in it.
workflows::Definition define(const CampaignOptions& options, const workflows::Catalog& catalog);

}  // namespace foldstream::apps
