#include "halves.hpp"
#include "phase.hpp"
#include "predict/hands.hpp"

#include <array>
#include <cstdio>
#include <map>

namespace foldstream::workflows::train {
namespace {

using predict::HandChain;
using predict::HandTables;

constexpr int largest_judged = 20;  // chains of a family; larger ones are needed for counting

HandChain hand_chain(const Chain& chain) {
  HandChain own;
  for (const auto& residue : chain.backbone) own.ca.push_back(residue.ca);
  for (const SecondaryStructure structure : chain.structure) own.structure.push_back(structure);
  return own;
}

Tensor tensor_of(const std::vector<float>& values, const std::array<int, 6>& shape) {
  return Tensor::of<float>(std::span<const float>(values), {shape.begin(), shape.end()});
}

/// How often a fold scores above its mirror image.
std::string judge(const HandTables& tables, const std::vector<HandChain>& chains) {
  int right = 0;
  double mean = 0;
  for (const HandChain& own : chains) {
    const double score = predict::hand_score(own.ca, own.structure, tables);
    right += static_cast<int>(score > 0);
    mean += score / static_cast<double>(chains.size());
  }
  char text[100];
  std::snprintf(text, sizeof text, "%.1f %% of %zu chains beat their mirror image, mean score %.2f",
                100.0 * right / static_cast<double>(chains.size()), chains.size(), mean);
  return text;
}

}  // namespace

std::filesystem::path train_mirror(const TrainOptions& options, const Context& context) {
  const std::vector<Chain> chains = training_chains(options.structures);
  const std::vector<int> families = find_families(chains);
  std::vector<HandChain> counted, judged;
  std::map<int, int> size_of;
  for (const int family : families) ++size_of[family];
  for (std::size_t k = 0; k < chains.size(); ++k) {
    const bool is_judged = families[k] % 10 == 3 && size_of[families[k]] <= largest_judged;
    (is_judged ? judged : counted).push_back(hand_chain(chains[k]));
  }
  context.report(0.5, "counting turns");
  const HandTables tables = predict::count_hands(counted);
  const std::string verdict = judge(tables, judged);
  if (options.on_epoch) options.on_epoch({"turns", 1, 1, 0, verdict, 0});
  io::Safetensors file;
  file.tensors["packing"] = tensor_of(tables.packing, HandTables::packing_shape);
  file.tensors["crossover"] = tensor_of(tables.crossover, HandTables::crossover_shape);
  file.metadata = {{"model", "mirror images"},
                   {"data", digest_of(options.structures)},
                   {"chains", std::to_string(counted.size())},
                   {"held out", verdict}};
  std::filesystem::create_directories(options.out);
  const auto path = options.out / "potts-mirror.safetensors";
  io::write_safetensors(path, file);
  return path;
}

}  // namespace foldstream::workflows::train
