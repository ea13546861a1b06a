#include "halves.hpp"
#include "phase.hpp"
#include "predict/random.hpp"
#include "trainer_torch.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <numbers>

namespace foldstream::workflows::train {
namespace {

using predict::LocalNetwork;
using predict::Random;
using predict::torsion_cells;

constexpr int parts = 4;
constexpr int chains_per_part = 4;
constexpr int longest = 200;
constexpr int epochs = 16;
constexpr double rate = 2e-3;
constexpr double weight_decay = 0.02;
constexpr double dropped = 0.15;
constexpr double masked = 0.12;
constexpr double label_spread = 0.6;  // cells
constexpr std::size_t judged_chains = 150;

/// A stretch of a chain.
struct Piece {
  const Chain* chain = nullptr;
  int first = 0;
  int count = 0;
};

struct Batch {
  torch::Tensor hot, mask;               // [B, 21, L], [B, 1, L]
  torch::Tensor structure;               // [B, L], −100 where unknown
  torch::Tensor torsions, has_torsions;  // [B, L, 324] smoothed, [B, L]
  torch::Tensor burial;                  // [B, L]
};

/// How a torsion is shared among the cells: a normal density about it, on the circle.
std::array<float, torsion_cells> smoothed(double torsion) {
  const double place = (torsion + std::numbers::pi) / (2 * std::numbers::pi) * torsion_cells - 0.5;
  std::array<float, torsion_cells> shares{};
  float sum = 0;
  for (int c = 0; c < torsion_cells; ++c) {
    const double off = std::remainder(c - place, torsion_cells) / label_spread;
    sum += shares[static_cast<std::size_t>(c)] = static_cast<float>(std::exp(-off * off / 2));
  }
  for (float& share : shares) share /= sum;
  return shares;
}

/// Fills residue `l` of example `b` from residue `i` of the chain.
void fill(const Chain& chain, std::size_t i, bool is_masked, std::int64_t b, std::int64_t l,
          Batch& batch) {
  const int residue = is_masked ? 20 : chain.residues[i];
  batch.hot.accessor<float, 3>()[b][residue][l] = 1;
  batch.mask.accessor<float, 3>()[b][0][l] = 1;
  if (chain.structure[i] != unknown_structure) {
    batch.structure.accessor<std::int64_t, 2>()[b][l] = chain.structure[i];
  }
  batch.burial.accessor<float, 2>()[b][l] = chain.burial[i];
  if (std::isnan(chain.phi[i]) || std::isnan(chain.psi[i])) return;
  batch.has_torsions.accessor<float, 2>()[b][l] = 1;
  const auto phi = smoothed(chain.phi[i]);
  const auto psi = smoothed(chain.psi[i]);
  auto own = batch.torsions.accessor<float, 3>()[b][l];
  std::int64_t cell = 0;
  for (const float p : phi) {
    for (const float q : psi) own[cell++] = p * q;
  }
}

/// @param random  hides residues; none are hidden without it.
Batch make_batch(const std::vector<Piece>& pieces, Random* random) {
  const auto count = static_cast<std::int64_t>(pieces.size());
  std::int64_t length = 0;
  for (const Piece& piece : pieces) length = std::max<std::int64_t>(length, piece.count);
  Batch batch;
  batch.hot = torch::zeros({count, 21, length});
  batch.mask = torch::zeros({count, 1, length});
  batch.structure = torch::full({count, length}, -100, torch::kInt64);
  batch.torsions = torch::zeros({count, length, torsion_cells * torsion_cells});
  batch.has_torsions = torch::zeros({count, length});
  batch.burial = torch::zeros({count, length});
  for (std::int64_t b = 0; b < count; ++b) {
    const Piece& piece = pieces[static_cast<std::size_t>(b)];
    for (int l = 0; l < piece.count; ++l) {
      const bool hide = random != nullptr && random->uniform() < masked;
      fill(*piece.chain, static_cast<std::size_t>(piece.first + l), hide, b, l, batch);
    }
  }
  return batch;
}

struct Losses {
  torch::Tensor structure, torsions, burial;
};

Losses losses_of(const torch::Tensor& out, const Batch& batch) {
  namespace F = torch::nn::functional;
  Losses losses;
  losses.structure = F::cross_entropy(out.slice(2, 0, 3).transpose(1, 2), batch.structure,
                                      F::CrossEntropyFuncOptions().ignore_index(-100));
  const torch::Tensor cells =
      torch::log_softmax(out.slice(2, 3, 3 + torsion_cells * torsion_cells), 2);
  losses.torsions = -((cells * batch.torsions).sum(2) * batch.has_torsions).sum() /
                    batch.has_torsions.sum().clamp_min(1);
  const torch::Tensor mask = batch.mask.squeeze(1);
  const torch::Tensor off = (out.select(2, predict::local_outputs - 1) - batch.burial) * mask;
  losses.burial = (off * off).sum() / mask.sum();
  return losses;
}

std::vector<Piece> draw_pieces(const std::vector<const Chain*>& chains, Random& random) {
  std::vector<Piece> pieces;
  for (int k = 0; k < chains_per_part; ++k) {
    const auto index =
        static_cast<std::size_t>(random.uniform() * static_cast<double>(chains.size()));
    Piece piece{chains[index], 0, std::min(chains[index]->length(), longest)};
    piece.first = static_cast<int>(random.uniform() * (piece.chain->length() - piece.count + 1));
    pieces.push_back(piece);
  }
  return pieces;
}

/// Q3, and nats of the torsion cells, over single sequences.
std::string judge(const LocalNetwork& network, const std::vector<const Chain*>& chains) {
  const torch::NoGradGuard no_gradient;
  double hits = 0, residues = 0, nats = 0;
  const std::size_t count = std::min(chains.size(), judged_chains);
  for (std::size_t k = 0; k < count; ++k) {
    const Batch batch = make_batch({{chains[k], 0, chains[k]->length()}}, nullptr);
    const torch::Tensor out = network.forward(batch.hot, batch.mask);
    const torch::Tensor known = batch.structure >= 0;
    const torch::Tensor right = out.slice(2, 0, 3).argmax(2).eq(batch.structure);
    hits += right.logical_and(known).sum().item<double>();
    residues += known.sum().item<double>();
    nats += losses_of(out, batch).torsions.item<double>() / static_cast<double>(count);
  }
  char text[80];
  std::snprintf(text, sizeof text, "Q3 %.3f, torsions %.3f nats", hits / residues, nats);
  return text;
}

/// Trains one half and stores it under "<half>.".
std::string train_half(int half, const std::vector<Chain>& chains, const std::vector<int>& halves,
                       const std::string& made_from, const TrainOptions& options,
                       const Context& context, io::Safetensors& out) {
  std::array<std::vector<const Chain*>, 2> of_half;
  for (std::size_t k = 0; k < chains.size(); ++k) {
    of_half[static_cast<std::size_t>(halves[k])].push_back(&chains[k]);
  }
  const auto& own = of_half[static_cast<std::size_t>(half)];
  const auto& other = of_half[static_cast<std::size_t>(1 - half)];
  const int steps = std::max(1, static_cast<int>(own.size()) / (parts * chains_per_part));
  Phase phase({"potts-local-" + std::to_string(half), "half " + std::to_string(half),
               scaled({epochs, steps}, options.length), made_from},
              options, context);
  const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(half) * 1'000'003;
  Trainer<LocalNetwork> trainer(parts, weight_decay, seed);
  if (const auto earlier = phase.earlier()) trainer.resume(*earlier);
  std::string verdict;
  const auto loss = [&](LocalNetwork& network, int part) {
    const auto stream = static_cast<std::uint64_t>(trainer.steps() * parts + part);
    Random random(seed, stream);
    const Batch batch = make_batch(draw_pieces(own, random), &random);
    const predict::Dropout dropout{dropped,
                                   at::make_generator<at::CPUGeneratorImpl>(seed * 7919 + stream)};
    const Losses all = losses_of(network.forward(batch.hot, batch.mask, dropout), batch);
    return all.structure + 0.5 * all.torsions + 2 * all.burial;
  };
  phase.run(
      trainer.steps(),
      [&](int step) {
        return trainer.step(context, learning_rate(rate, step, phase.steps()), loss);
      },
      [&] { return trainer.checkpoint(); },
      [&] { return verdict = judge(trainer.network(), other); });
  if (verdict.empty()) verdict = judge(trainer.network(), other);
  predict::store(trainer.network(), std::to_string(half) + ".", out);
  return verdict;
}

}  // namespace

std::filesystem::path train_local(const TrainOptions& options, const Context& context) {
  const std::vector<Chain> chains = training_chains(options.structures);
  const std::vector<int> halves = split_into_halves(chains);
  const std::string data = digest_of(options.structures);
  const std::string made_from = data + " local 1 seed " + std::to_string(options.seed) +
                                " length " + std::to_string(options.length);
  io::Safetensors file;
  file.metadata = {{"data", data},
                   {"chains", std::to_string(chains.size())},
                   {"seed", std::to_string(options.seed)},
                   {"model", "local structure, two halves"}};
  for (int half = 0; half < 2; ++half) {
    file.metadata["held out " + std::to_string(half)] =
        train_half(half, chains, halves, made_from, options, context, file);
  }
  const auto path = options.out / "potts-local.safetensors";
  io::write_safetensors(path, file);
  return path;
}

}  // namespace foldstream::workflows::train
