#include "commands.hpp"

#include <foldstream/io/a3m.hpp>
#include <foldstream/io/fasta.hpp>
#include <foldstream/io/text_file.hpp>
#include <foldstream/thread_executor.hpp>
#include <foldstream/workflows/predict/potts_model.hpp>

#include <fmt/core.h>

#include <memory>

namespace foldstream::apps {
namespace {

namespace predict = workflows::predict;

struct SampleArguments {
  std::string alignment;
  std::string out;
  std::string prefix = "drawn_";
  int count = 100;
  std::uint64_t seed = 0;
  int max_rows = predict::PseudoLikelihoodOptions{}.max_rows;
};

int sample(const SampleArguments& arguments) {
  const io::Msa msa = io::read_a3m(arguments.alignment);
  Context context;
  context.threads = usable_threads();
  predict::PseudoLikelihoodOptions options;
  options.max_rows = arguments.max_rows;
  const predict::Potts model = predict::fit_pseudo_likelihood(msa, options, context);
  std::vector<io::Sequence> sequences;
  for (const std::string& residues :
       predict::sample(model, arguments.count, arguments.seed, context))
    sequences.push_back({fmt::format("{}{:05}", arguments.prefix, sequences.size() + 1),
                         fmt::format("drawn from a Potts model, seed {}", arguments.seed), residues});
  if (arguments.out.empty())
    fmt::print("{}", io::format_fasta(sequences));
  else
    io::write_fasta(arguments.out, sequences);
  return all_done;
}

}  // namespace

void add_sample(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "sample", "Draw sequences from the Potts model fitted to an alignment");
  const auto arguments = std::make_shared<SampleArguments>();
  command->add_option("ALIGNMENT", arguments->alignment, "A3M file (.gz, .zst too)")->required();
  command->add_option("-n,--count", arguments->count, "how many sequences")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  command->add_option("--seed", arguments->seed, "the same seed gives the same sequences")
      ->capture_default_str();
  command->add_option("--prefix", arguments->prefix, "names are PREFIX00001, …")
      ->capture_default_str();
  command->add_option("--max-rows", arguments->max_rows, "rows of the alignment to fit")
      ->capture_default_str()
      ->check(CLI::Range(2, 1'000'000));
  command->add_option("-o,--out", arguments->out, "FASTA file; default: standard output");
  command->footer("Example:\n  foldstream sample family.a3m -n 3000 --seed 1 > drawn.fasta");
  command->callback([&action, arguments] {
    action = [arguments] { return sample(*arguments); };
  });
}

}  // namespace foldstream::apps
