#include "commands.hpp"

#include <foldstream/io/structure_file.hpp>
#include <foldstream/workflows/score/compare.hpp>

#include <fmt/core.h>

#include <memory>

namespace foldstream::apps {
namespace {

struct CompareArguments {
  std::string model;
  std::string native;
  workflows::score::CompareOptions options;
  bool by_number = false;
  bool json = false;
};

int compare(const CompareArguments& arguments) {
  workflows::score::CompareOptions options = arguments.options;
  if (arguments.by_number) options.mapping = workflows::score::Mapping::ResidueNumber;
  const auto comparison = workflows::score::compare(io::read_structure(arguments.model),
                                                    io::read_structure(arguments.native), options);
  fmt::print("{}", arguments.json ? format_comparison_json(comparison)
                                  : format_comparison(comparison));
  return all_done;
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "compare", "Score a model against a native structure: TM-score, GDT-TS, lDDT, RMSD");
  const auto arguments = std::make_shared<CompareArguments>();
  command->add_option("MODEL", arguments->model, "PDB or mmCIF file (.gz too)")->required();
  command->add_option("NATIVE", arguments->native, "PDB or mmCIF file (.gz too)")->required();
  command->add_option("--model-chain", arguments->options.model_chain,
                      "chain of the model; default: the one that matches best");
  command->add_option("--native-chain", arguments->options.native_chain,
                      "chain of the native; default: the one that matches best");
  command->add_flag("--by-number", arguments->by_number,
                    "pair residues of equal number instead of aligning the sequences");
  command->add_option("--length", arguments->options.length,
                      "normalise the TM-score also by this many residues");
  command->add_flag("--json", arguments->json, "print JSON, with the residue pairs");
  command->footer("Example:\n  foldstream compare results/targets/P1/P1_rank_001.pdb native.pdb");
  command->callback([&action, arguments] {
    action = [arguments] { return compare(*arguments); };
  });
}

}  // namespace foldstream::apps
