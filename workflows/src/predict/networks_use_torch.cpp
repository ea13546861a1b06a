#include "networks_torch.hpp"
#include "torch_guard.hpp"

#include <foldstream/io/sequence.hpp>

#include <algorithm>
#include <cmath>

namespace foldstream::workflows::predict {
namespace {

constexpr std::size_t rows_read = 300;
constexpr double query_weight = 5;
constexpr double sharper_structure = 1.3;
constexpr double sharper_torsions = 1.1;
constexpr int cells = torsion_cells * torsion_cells;

/// A row as the sequence it came from.
struct Homolog {
  std::vector<std::uint8_t> residues;  // 0–20
  std::vector<int> columns;            // of the query; −1 for an insertion
  double weight = 1;
};

Homolog read_homolog(const std::string& row) {
  Homolog homolog;
  int column = 0;
  for (const char letter : row) {
    const bool is_insertion = letter >= 'a' && letter <= 'z';
    const std::uint8_t token = io::token_of(letter);
    if (token <= io::unknown_token) {
      homolog.residues.push_back(token);
      homolog.columns.push_back(is_insertion ? -1 : column);
    }
    if (!is_insertion && letter != '.') ++column;
  }
  return homolog;
}

double identity(const Homolog& a, const Homolog& b, std::size_t columns) {
  std::vector<std::uint8_t> tokens(columns, io::gap_token);
  for (std::size_t k = 0; k < a.columns.size(); ++k) {
    if (a.columns[k] >= 0) tokens[static_cast<std::size_t>(a.columns[k])] = a.residues[k];
  }
  double joint = 0, same = 0;
  for (std::size_t k = 0; k < b.columns.size(); ++k) {
    if (b.columns[k] < 0) continue;
    const std::uint8_t own = tokens[static_cast<std::size_t>(b.columns[k])];
    joint += own != io::gap_token;
    same += own == b.residues[k];
  }
  return joint == 0 ? 0 : same / joint;
}

/// Rows that cover half of the query, the first 300; longer ones by insertions are left out.
std::vector<Homolog> choose_homologs(const io::Msa& msa) {
  std::vector<Homolog> chosen;
  const std::size_t columns = msa.columns();
  for (const io::MsaRow& row : msa.rows) {
    if (chosen.size() == rows_read) break;
    Homolog homolog = read_homolog(row.a3m);
    const auto covered = static_cast<std::size_t>(std::count_if(
        homolog.columns.begin(), homolog.columns.end(), [](int c) { return c >= 0; }));
    if (chosen.empty() || (2 * covered >= columns && homolog.residues.size() < 2 * columns)) {
      chosen.push_back(std::move(homolog));
    }
  }
  for (Homolog& own : chosen) {
    const auto similar = std::count_if(chosen.begin(), chosen.end(), [&](const Homolog& other) {
      return identity(own, other, columns) >= 0.8;
    });
    own.weight = 1.0 / static_cast<double>(std::max<std::ptrdiff_t>(similar, 1));
  }
  chosen.front().weight = query_weight;
  return chosen;
}

struct Sums {
  torch::Tensor values;  // [L, local_outputs]: log-probabilities, burial
  torch::Tensor weight;  // [L, 1]
};

/// What both networks say of one sequence, [length, local_outputs].
torch::Tensor read_sequence(const std::vector<const LocalNetwork*>& networks,
                            const std::vector<std::uint8_t>& residues) {
  const auto length = static_cast<std::int64_t>(residues.size());
  const torch::Tensor hot = one_hot(residues);
  torch::Tensor sum = torch::zeros({length, local_outputs});
  for (const LocalNetwork* network : networks) {
    const torch::Tensor out = network->forward(hot, torch::ones({1, 1, length})).squeeze(0);
    sum += torch::cat(
        {torch::log_softmax(out.slice(1, 0, 3), 1),
         torch::log_softmax(out.slice(1, 3, 3 + cells), 1), out.slice(1, 3 + cells, local_outputs)},
        1);
  }
  return sum / static_cast<double>(networks.size());
}

void add(const Homolog& homolog, const torch::Tensor& values, Sums& sums) {
  std::vector<std::int64_t> rows, columns;
  for (std::size_t k = 0; k < homolog.columns.size(); ++k) {
    if (homolog.columns[k] < 0) continue;
    rows.push_back(static_cast<std::int64_t>(k));
    columns.push_back(homolog.columns[k]);
  }
  const torch::Tensor to = torch::tensor(columns, torch::kInt64);
  const torch::Tensor picked = values.index_select(0, torch::tensor(rows, torch::kInt64));
  sums.values.index_add_(0, to, picked * homolog.weight);
  sums.weight.index_add_(0, to, torch::full({to.size(0), 1}, homolog.weight));
}

std::vector<float> to_vector(const torch::Tensor& values) {
  const torch::Tensor own = values.contiguous();
  return {own.data_ptr<float>(), own.data_ptr<float>() + own.numel()};
}

std::vector<DistanceMap::Pair> all_pairs(int length) {
  std::vector<DistanceMap::Pair> pairs;
  for (int separation = shortest_separation; separation < length; ++separation) {
    for (int i = 0; i + separation < length; ++i) {
      pairs.emplace_back();
      pairs.back().i = i;
      pairs.back().j = i + separation;
    }
  }
  return pairs;
}

/// Probabilities [bins, L, L] of a range of the logits.
torch::Tensor probabilities(const torch::Tensor& logits, int first, int bins) {
  return torch::softmax(logits.slice(0, first, first + bins), 0).contiguous();
}

template <std::size_t Bins>
void copy_bins(const torch::Tensor& from, int i, int j, std::array<float, Bins>& to) {
  const auto plane = from.size(1) * from.size(2);
  const float* own = from.data_ptr<float>() + i * from.size(2) + j;
  for (std::size_t b = 0; b < Bins; ++b) to[b] = own[static_cast<std::int64_t>(b) * plane];
}

}  // namespace

struct LocalModel::Networks {
  LocalNetwork first, second;
};

LocalModel::LocalModel(const io::Safetensors& weights) {
  auto networks = std::make_shared<Networks>();
  restore(weights, "0.", networks->first);
  restore(weights, "1.", networks->second);
  networks_ = networks;
}

LocalPrediction LocalModel::operator()(const io::Msa& msa, const Context& context) const {
  const std::vector<Homolog> homologs = choose_homologs(msa);
  std::vector<torch::Tensor> read(homologs.size());
  parallel_for(context, static_cast<int>(homologs.size()), [&](int k) {
    const OneTorchThread guard;
    const torch::NoGradGuard no_gradient;
    const auto at = static_cast<std::size_t>(k);
    read[at] = read_sequence({&networks_->first, &networks_->second}, homologs[at].residues);
  });
  const OneTorchThread guard;
  const torch::NoGradGuard no_gradient;
  const auto length = static_cast<std::int64_t>(msa.columns());
  Sums sums{torch::zeros({length, local_outputs}), torch::zeros({length, 1})};
  for (std::size_t k = 0; k < homologs.size(); ++k) add(homologs[k], read[k], sums);
  const torch::Tensor mean = sums.values / sums.weight.clamp_min(1e-6);
  LocalPrediction local;
  local.length = static_cast<int>(length);
  local.structure = to_vector(torch::softmax(sharper_structure * mean.slice(1, 0, 3), 1));
  local.torsions = to_vector(torch::softmax(sharper_torsions * mean.slice(1, 3, 3 + cells), 1));
  local.burial = to_vector(mean.slice(1, 3 + cells, local_outputs));
  return local;
}

DistanceMap read_distances(const PairNetwork& network, const PairMap& z,
                           std::span<const std::uint8_t> residues, std::span<const float> structure,
                           std::span<const float> burial) {
  const OneTorchThread guard;
  const torch::NoGradGuard no_gradient;
  const int length = z.length;
  std::vector<float> pairs = pair_features(z, mean_top_score(z), {0, length}, {0, length});
  std::vector<float> own = residue_features(residues, structure, burial);
  const torch::Tensor of_residues = torch::from_blob(own.data(), {length, residue_channels});
  const torch::Tensor out = network.forward(
      torch::from_blob(pairs.data(), {pair_channels, length, length}), of_residues, of_residues);
  const torch::Tensor both = (out + out.transpose(1, 2)) / 2;
  const torch::Tensor distance = probabilities(both, 0, distance_bins);
  const torch::Tensor bridges = torch::sigmoid(both.slice(0, bridges_at, omega_at)).contiguous();
  const torch::Tensor omega = probabilities(both, omega_at, dihedral_bins);
  const torch::Tensor theta = probabilities(out, theta_at, dihedral_bins);
  const torch::Tensor phi = probabilities(out, phi_at, angle_bins);
  DistanceMap map{length, all_pairs(length)};
  for (DistanceMap::Pair& pair : map.pairs) {
    std::array<float, 2> bridge{};
    copy_bins(distance, pair.i, pair.j, pair.probability);
    copy_bins(bridges, pair.i, pair.j, bridge);
    copy_bins(omega, pair.i, pair.j, pair.omega);
    copy_bins(theta, pair.i, pair.j, pair.theta_ij);
    copy_bins(theta, pair.j, pair.i, pair.theta_ji);
    copy_bins(phi, pair.i, pair.j, pair.phi_ij);
    copy_bins(phi, pair.j, pair.i, pair.phi_ji);
    pair.parallel = bridge[0];
    pair.antiparallel = bridge[1];
  }
  return map;
}

struct DistanceModel::Network {
  PairNetwork network;
};

DistanceModel::DistanceModel(const io::Safetensors& weights) {
  auto network = std::make_shared<Network>();
  restore(weights, "", network->network);
  network_ = network;
}

DistanceMap DistanceModel::operator()(const PairMap& z, std::string_view residues,
                                      const LocalPrediction& local) const {
  std::vector<std::uint8_t> tokens;
  for (const char letter : residues) tokens.push_back(io::token_of(letter));
  return read_distances(network_->network, z, tokens, local.structure, local.burial);
}

}  // namespace foldstream::workflows::predict
