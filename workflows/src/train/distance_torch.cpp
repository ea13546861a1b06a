#include "examples.hpp"
#include "halves.hpp"
#include "noise.hpp"
#include "pairs.hpp"
#include "phase.hpp"
#include "trainer_torch.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace foldstream::workflows::train {
namespace {

using predict::PairMap;
using predict::PairNetwork;
using predict::Random;
using predict::Window;

constexpr int parts = 4;
constexpr int epochs = 24;
constexpr int steps_per_epoch = 150;
constexpr double rate = 2e-3;
constexpr double weight_decay = 0.01;
constexpr std::array<int, 3> window_sizes = {64, 80, 96};
constexpr int judged_chains = 24;
constexpr int longest_judged = 180;

/// A chain, what its sequence alone says of it, and whether it is only judged.
struct SimulatedChain {
  const Chain* chain = nullptr;
  std::vector<float> logits, burial;
  bool is_judged = false;
};

struct Example {
  const Chain* chain = nullptr;
  PairMap z;
  ResidueInput residues;
};

/// Logits and burial of each chain by the half of the network that never saw it.
std::vector<SimulatedChain> read_chains(const std::vector<Chain>& chains,
                                        const io::Safetensors& local, const Context& context) {
  std::array<predict::LocalNetwork, 2> networks;
  for (std::size_t h = 0; h < 2; ++h) predict::restore(local, std::to_string(h) + ".", networks[h]);
  const std::vector<int> halves = split_into_halves(chains);
  const std::vector<int> families = find_families(chains);
  std::vector<SimulatedChain> all(chains.size());
  parallel_for(context, static_cast<int>(chains.size()), [&](int index) {
    const predict::OneTorchThread guard;
    const torch::NoGradGuard no_gradient;
    const auto k = static_cast<std::size_t>(index);
    const auto length = static_cast<std::int64_t>(chains[k].residues.size());
    const auto& network = networks[static_cast<std::size_t>(1 - halves[k])];
    const torch::Tensor out =
        network.forward(predict::one_hot(chains[k].residues), torch::ones({1, 1, length}))
            .squeeze(0);
    const torch::Tensor logits = torch::log_softmax(out.slice(1, 0, 3), 1).contiguous();
    const torch::Tensor burial = out.select(1, predict::local_outputs - 1).contiguous();
    all[k] = {&chains[k],
              {logits.data_ptr<float>(), logits.data_ptr<float>() + 3 * length},
              {burial.data_ptr<float>(), burial.data_ptr<float>() + length},
              families[k] % 20 == 7};
  });
  return all;
}

Example simulate(const SimulatedChain& from, const NoiseTables& noise, Random& random) {
  return {from.chain, noise.draw(*from.chain, random),
          blur(*from.chain, from.logits, from.burial, random)};
}

torch::Tensor to_bins(const std::vector<std::int64_t>& bins, std::int64_t rows,
                      std::int64_t columns) {
  return torch::tensor(bins, torch::kInt64).view({1, rows, columns});
}

/// Mean over the pairs that are known, in nats.
torch::Tensor nats(const torch::Tensor& logits, const torch::Tensor& bins) {
  namespace F = torch::nn::functional;
  const auto count = (bins >= 0).sum().clamp_min(1);
  return F::cross_entropy(logits.unsqueeze(0), bins,
                          F::CrossEntropyFuncOptions().ignore_index(-1).reduction(torch::kSum)) /
         count;
}

struct Losses {
  torch::Tensor distance, bridges, orientation;
};

Losses losses_of(const torch::Tensor& out, const Truth& truth) {
  using namespace predict;
  const auto rows = out.size(1);
  const auto columns = out.size(2);
  const auto bins = [&](const std::vector<std::int64_t>& own) {
    return to_bins(own, rows, columns);
  };
  Losses losses;
  losses.distance = nats(out.slice(0, 0, distance_bins), bins(truth.distance));
  losses.orientation = nats(out.slice(0, omega_at, theta_at), bins(truth.omega)) +
                       nats(out.slice(0, theta_at, phi_at), bins(truth.theta)) +
                       nats(out.slice(0, phi_at, pair_outputs), bins(truth.phi));
  const torch::Tensor counts = torch::tensor(truth.has_bridges).view({1, rows, columns});
  const torch::Tensor wanted = torch::tensor(truth.bridges).view({2, rows, columns});
  const torch::Tensor cross = torch::binary_cross_entropy_with_logits(
      out.slice(0, bridges_at, omega_at), wanted, {}, {}, at::Reduction::None);
  losses.bridges = (cross * counts).sum() / counts.sum().clamp_min(1);
  return losses;
}

torch::Tensor forward(const PairNetwork& network, const Example& example, Window rows,
                      Window columns) {
  std::vector<float> pairs =
      predict::pair_features(example.z, predict::mean_top_score(example.z), rows, columns);
  std::vector<float> residues = predict::residue_features(
      example.chain->residues, example.residues.structure, example.residues.burial);
  const torch::Tensor all =
      torch::from_blob(residues.data(), {example.chain->length(), predict::residue_channels});
  return network.forward(
      torch::from_blob(pairs.data(), {predict::pair_channels, rows.count, columns.count}).clone(),
      all.slice(0, rows.first, rows.first + rows.count).clone(),
      all.slice(0, columns.first, columns.first + columns.count).clone());
}

Window draw_window(int length, int size, Random& random) {
  const int count = std::min(length, size);
  return {static_cast<int>(random.uniform() * (length - count + 1)), count};
}

torch::Tensor loss_of(const PairNetwork& network, const Example& example, int size,
                      Random& random) {
  const Window rows = draw_window(example.chain->length(), size, random);
  const Window columns = draw_window(example.chain->length(), size, random);
  const Losses all =
      losses_of(forward(network, example, rows, columns), truth_of(*example.chain, rows, columns));
  return all.distance + 3 * all.bridges + 0.1 * all.orientation;
}

/// Figures over whole maps.
class Score {
 public:
  void add(const Chain& chain, const predict::DistanceMap& map) {
    double sum = 0;
    int count = 0;
    std::vector<std::pair<float, bool>> far;
    for (const auto& pair : map.pairs) {
      const auto [a, b] =
          std::pair(static_cast<std::size_t>(pair.i), static_cast<std::size_t>(pair.j));
      if (!chain.known[a] || !chain.known[b]) continue;
      const float d = chain.cb_distance(pair.i, pair.j);
      sum -= std::log(std::max(pair.probability[predict::distance_bin(d)], 1e-6F));
      ++count;
      if (pair.j - pair.i >= 6) far.emplace_back(-pair.contact(), d < 8);
    }
    std::stable_sort(far.begin(), far.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    nats_ += sum / std::max(count, 1);
    top_fifth_ += precision(far, static_cast<std::size_t>(chain.length() / 5));
    top_ += precision(far, static_cast<std::size_t>(chain.length()));
    ++count_;
  }

  std::string text() const {
    char text[120];
    std::snprintf(text, sizeof text, "%.3f nats, precision L/5 %.3f L %.3f", nats_ / count_,
                  top_fifth_ / count_, top_ / count_);
    return text;
  }

 private:
  static double precision(const std::vector<std::pair<float, bool>>& ranked, std::size_t count) {
    count = std::min(count, ranked.size());
    if (count == 0) return 0;
    const auto end = ranked.begin() + static_cast<std::ptrdiff_t>(count);
    const auto hits = std::count_if(ranked.begin(), end, [](const auto& p) { return p.second; });
    return static_cast<double>(hits) / static_cast<double>(count);
  }

  double nats_ = 0, top_fifth_ = 0, top_ = 0;
  int count_ = 0;
};

predict::DistanceMap read(const PairNetwork& network, const Example& example) {
  return predict::read_distances(network, example.z, example.chain->residues,
                                 example.residues.structure, example.residues.burial);
}

/// Maps that are never trained on, the same at every epoch.
std::vector<Example> judged_examples(const std::vector<SimulatedChain>& chains,
                                     const NoiseTables& noise, std::uint64_t seed) {
  std::vector<Example> examples;
  Random random(seed, 0x6A7564676564ULL);
  for (const SimulatedChain& own : chains) {
    if (!own.is_judged || own.chain->length() > longest_judged) continue;
    if (static_cast<int>(examples.size()) == judged_chains) break;
    examples.push_back(simulate(own, noise, random));
  }
  return examples;
}

std::string judge(const PairNetwork& network, const std::vector<Example>& examples,
                  const Context& context) {
  std::vector<predict::DistanceMap> maps(examples.size());
  parallel_for(context, static_cast<int>(examples.size()), [&](int k) {
    maps[static_cast<std::size_t>(k)] = read(network, examples[static_cast<std::size_t>(k)]);
  });
  Score score;
  for (std::size_t k = 0; k < maps.size(); ++k) score.add(*examples[k].chain, maps[k]);
  return score.text();
}

/// The known pairs with their real maps.
std::vector<Example> judged_pairs(const std::vector<KnownPair>& pairs, const io::Safetensors& local,
                                  const Context& context) {
  const predict::LocalModel model(local);
  std::vector<Example> examples;
  for (const KnownPair& pair : pairs) {
    context.report(0, "couplings of " + pair.name);
    predict::LocalPrediction said = model(pair.msa, context);
    examples.push_back({&pair.chain, map_of(pair.msa, context), {said.structure, said.burial}});
  }
  return examples;
}

/// What training needs.
struct Workshop {
  std::vector<Chain> chains;
  std::vector<SimulatedChain> simulated;
  std::vector<const SimulatedChain*> trained;
  NoiseTables noise;
  std::vector<KnownPair> pairs;
  std::vector<Example> real;  // of the pairs, only judged
  std::string made_from;
};

Example draw_simulated(const Workshop& shop, Random& random) {
  const auto index =
      static_cast<std::size_t>(random.uniform() * static_cast<double>(shop.trained.size()));
  return simulate(*shop.trained[index], shop.noise, random);
}

io::Safetensors train_network(const Workshop& shop, const TrainOptions& options,
                              const Context& context) {
  const Schedule schedule = scaled({epochs, steps_per_epoch}, options.length);
  Phase phase({"potts-distance-simulated", "simulated maps", schedule, shop.made_from}, options,
              context);
  Trainer<PairNetwork> trainer(parts, weight_decay, options.seed);
  if (const auto earlier = phase.earlier()) trainer.resume(*earlier);
  const auto judged = judged_examples(shop.simulated, shop.noise, options.seed);
  const auto loss = [&](PairNetwork& network, int part) {
    Random random(options.seed, static_cast<std::uint64_t>(trainer.steps() * parts + part));
    const int size = window_sizes[static_cast<std::size_t>(trainer.steps()) % window_sizes.size()];
    return loss_of(network, draw_simulated(shop, random), size, random);
  };
  phase.run(
      trainer.steps(),
      [&](int step) {
        return trainer.step(context, learning_rate(rate, step, phase.steps()), loss);
      },
      [&] { return trainer.checkpoint(); },
      [&] {
        std::string text = judge(trainer.network(), judged, context);
        if (shop.real.empty()) return text;
        return text + "; real maps " + judge(trainer.network(), shop.real, context);
      });
  io::Safetensors weights;
  predict::store(trainer.network(), "", weights);
  return weights;
}

Workshop open_workshop(const TrainOptions& options, const DistanceTraining& inputs,
                       const Context& context) {
  Workshop shop;
  const auto [local, local_digest] = read_weight_file(inputs.local, 0);
  const auto [noise, noise_digest] = read_weight_file(inputs.noise, 3);
  shop.chains = training_chains(options.structures);
  shop.simulated = read_chains(shop.chains, local, context);
  for (const SimulatedChain& own : shop.simulated) {
    if (!own.is_judged) shop.trained.push_back(&own);
  }
  shop.noise = NoiseTables::from(noise);
  if (!inputs.pairs.empty()) shop.pairs = read_pairs(inputs.pairs);
  shop.real = judged_pairs(shop.pairs, local, context);
  shop.made_from = digest_of(options.structures) + " distance 1 local " + local_digest + " noise " +
                   noise_digest + " seed " + std::to_string(options.seed) + " length " +
                   std::to_string(options.length);
  return shop;
}

}  // namespace

std::filesystem::path train_distance(const TrainOptions& options, const DistanceTraining& inputs,
                                     const Context& context) {
  const Workshop shop = open_workshop(options, inputs, context);
  io::Safetensors weights = train_network(shop, options, context);
  weights.metadata = {{"model", "couplings to distances"},
                      {"made from", shop.made_from},
                      {"chains", std::to_string(shop.trained.size())}};
  const auto path = options.out / "potts-distance.safetensors";
  io::write_safetensors(path, weights);
  return path;
}

}  // namespace foldstream::workflows::train
