#include "folding_model.hpp"
#include "tokens.hpp"

namespace foldstream::workflows::predict::esmfold {
namespace {

// as the published model was run on complexes (facebookresearch/esm)
constexpr int linker_length = 25;  // glycines
constexpr std::int64_t chain_gap = 512;

}  // namespace

FoldInput encode_chains(const std::vector<std::string>& chains) {
  FoldInput input;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    const bool is_last = i + 1 == chains.size();
    for (const std::int64_t type : residue_types(chains[i])) {
      input.types.push_back(type);
      input.chain.push_back(static_cast<int>(i));
    }
    if (!is_last)
      for (const std::int64_t type : residue_types(std::string(linker_length, 'G'))) {
        input.types.push_back(type);
        input.chain.push_back(-1);
      }
    while (input.residue_index.size() < input.types.size())
      input.residue_index.push_back(static_cast<std::int64_t>(input.residue_index.size()) +
                                    static_cast<std::int64_t>(i) * chain_gap);
  }
  return input;
}

std::uint64_t embed_bytes(const LanguageModelConfig& config, std::int64_t length, int threads) {
  const auto tokens = static_cast<std::uint64_t>(length + 2);
  const auto hidden = static_cast<std::uint64_t>(config.hidden);
  // the state, its sum, and the larger of query, key, value, mix and the feed-forward's inside
  const std::uint64_t wide = static_cast<std::uint64_t>(config.feed_forward) + hidden;
  return 4 * tokens * (2 * hidden + wide) + static_cast<std::uint64_t>(threads) * (1U << 20U);
}

std::uint64_t fold_bytes(const FoldingConfig& config, std::int64_t length, int threads) {
  const auto residues = static_cast<std::uint64_t>(length);
  const auto pair = static_cast<std::uint64_t>(config.trunk.pair_dim);
  const auto sequence = static_cast<std::uint64_t>(config.trunk.sequence_dim);
  // the pair state and the three maps of a triangle product
  return 4 * (4 * residues * residues * pair + 12 * residues * sequence) +
         static_cast<std::uint64_t>(threads) * (4U << 20U);
}

double embed_operations(const LanguageModelConfig& config, std::int64_t length) {
  const double tokens = static_cast<double>(length + 2), hidden = config.hidden;
  const double products = 4 * hidden * hidden + 2 * hidden * config.feed_forward;
  return 2.0 * config.layers * tokens * (products + 2 * tokens * hidden);
}

double pass_operations(const FoldingConfig& config, std::int64_t length) {
  const double n = static_cast<double>(length), c = config.trunk.pair_dim, s = config.trunk.sequence_dim;
  const double of_pairs = n * n * c * c * (2 * 6 + 2 * 5 + 8 + 1.5) + n * n * c * config.trunk.sequence_heads();
  const double of_triangles = n * n * n * c * (2 + 2 * 2);
  const double of_sequence = n * s * s * (5 + 8) + 2 * n * n * s;
  return 2 * config.trunk.blocks * (of_pairs + of_triangles + of_sequence);
}

}  // namespace foldstream::workflows::predict::esmfold
