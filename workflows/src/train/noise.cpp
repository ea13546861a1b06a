#include "noise.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace foldstream::workflows::train {
namespace {

using predict::PairMap;
using predict::Random;

constexpr std::array<int, 8> separations = {1, 2, 3, 4, 5, 6, 12, 24};  // lower edges
constexpr std::array<float, 8> distances = {5, 6, 7, 8, 10, 12, 15, 20};
constexpr int distance_classes = static_cast<int>(distances.size()) + 1;
constexpr int kinds = 5;  // bridge partners; both helix; both strand; one of each; other
constexpr int keys = static_cast<int>(separations.size()) * distance_classes * kinds;
constexpr int groups = 5;

/// Probabilities at which quantiles are kept: dense in the upper tail, where the contacts are.
std::vector<double> make_levels() {
  std::vector<double> levels;
  for (int k = 0; k < 40; ++k) levels.push_back(0.002 + k * (0.9 - 0.002) / 39);
  for (int k = 0; k < 24; ++k) levels.push_back(1 - std::pow(10.0, -1.1 - 0.15 * k));
  return levels;
}
const std::vector<double> levels = make_levels();

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// Kind of every pair, row-major.
std::vector<std::uint8_t> kinds_of(const Chain& chain) {
  const int length = chain.length();
  std::vector<std::uint8_t> all(at(length) * at(length), 4);
  for (int i = 0; i < length; ++i) {
    for (int j = i + 1; j < length; ++j) {
      const auto [a, b] = std::pair(chain.structure[at(i)], chain.structure[at(j)]);
      std::uint8_t kind = 4;
      if (a == helix && b == helix) kind = 1;
      if (a == strand && b == strand) kind = 2;
      if ((a == helix && b == strand) || (a == strand && b == helix)) kind = 3;
      all[at(i) * at(length) + at(j)] = kind;
    }
  }
  for (const auto* ladder : {&chain.parallel, &chain.antiparallel}) {
    for (const auto& [i, j] : *ladder) all[at(i) * at(length) + at(j)] = 0;
  }
  return all;
}

int key_of(int separation, float distance, int kind) {
  const auto s = std::upper_bound(separations.begin(), separations.end(), separation) -
                 separations.begin() - 1;
  const auto d = std::lower_bound(distances.begin(), distances.end(), distance) - distances.begin();
  return (static_cast<int>(s) * distance_classes + static_cast<int>(d)) * kinds + kind;
}

/// Calls body(i, j, key) for all pairs whose distance is known.
template <class Body>
void for_each_key(const Chain& chain, Body body) {
  const std::vector<std::uint8_t> kind = kinds_of(chain);
  for (int i = 0; i < chain.length(); ++i) {
    for (int j = i + 1; j < chain.length(); ++j) {
      if (!chain.known[at(i)] || !chain.known[at(j)]) continue;
      body(i, j, key_of(j - i, chain.cb_distance(i, j), kind[at(i) * at(chain.length()) + at(j)]));
    }
  }
}

double precision(const KnownMap& map) {
  std::vector<std::pair<float, bool>> far;
  for_each_key(*map.chain, [&](int i, int j, int) {
    if (j - i >= 6) far.emplace_back(-map.z.at(i, j), map.chain->cb_distance(i, j) < 8);
  });
  std::stable_sort(far.begin(), far.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  far.resize(std::min(far.size(), at(map.z.length)));
  const auto hits = std::count_if(far.begin(), far.end(), [](const auto& p) { return p.second; });
  return far.empty() ? 0 : static_cast<double>(hits) / static_cast<double>(far.size());
}

using Values = std::vector<std::vector<float>>;  // by key, sorted

void add_counts(const KnownMap& map, Values& values) {
  for_each_key(*map.chain,
               [&](int i, int j, int key) { values[at(key)].push_back(map.z.at(i, j)); });
}

std::vector<float> of_any_kind(const Values& values, int key) {
  std::vector<float> all;
  const int first = key / kinds * kinds;
  for (int k = first; k < first + kinds; ++k) {
    all.insert(all.end(), values[at(k)].begin(), values[at(k)].end());
  }
  return all;
}

/// z of this key in the group; where they are few, in all maps, or of any kind.
std::vector<float> values_of(int key, const Values& own, const Values& every) {
  if (own[at(key)].size() >= 30) return own[at(key)];
  if (every[at(key)].size() >= 10) return every[at(key)];
  std::vector<float> any = of_any_kind(own, key);
  if (any.size() < 5) any = of_any_kind(every, key);
  return any.empty() ? std::vector<float>(1) : any;
}

void append_quantiles(std::vector<float> values, std::vector<float>& out) {
  std::sort(values.begin(), values.end());
  for (const double level : levels) {
    const double place = level * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, values.size() - 1);
    const auto w = static_cast<float>(place - static_cast<double>(low));
    out.push_back((1 - w) * values[low] + w * values[high]);
  }
}

float read_quantile(const float* table, double probability) {
  const auto after = std::upper_bound(levels.begin(), levels.end(), probability) - levels.begin();
  const auto high = std::clamp<std::ptrdiff_t>(after, 1, std::ssize(levels) - 1);
  const auto low = static_cast<std::size_t>(high - 1);
  const double span = levels[low + 1] - levels[low];
  const auto w = static_cast<float>(std::clamp((probability - levels[low]) / span, 0.0, 1.0));
  return (1 - w) * table[low] + w * table[low + 1];
}

/// A smooth random field of variance about 1: normal numbers on a grid five residues wide.
class SmoothField {
 public:
  SmoothField(int length, Random& random) : side_(length / step + 2) {
    for (int k = 0; k < side_ * side_; ++k) knots_.push_back(random.normal());
  }
  double operator()(int i, int j) const {
    const double x = static_cast<double>(i % step) / step;
    const double y = static_cast<double>(j % step) / step;
    const std::size_t k = at(i / step) * at(side_) + at(j / step);
    const double top = (1 - y) * knots_[k] + y * knots_[k + 1];
    const double bottom = (1 - y) * knots_[k + at(side_)] + y * knots_[k + at(side_) + 1];
    // interpolation averages: give back the variance it takes
    const double shrink = std::sqrt(((1 - x) * (1 - x) + x * x) * ((1 - y) * (1 - y) + y * y));
    return ((1 - x) * top + x * bottom) / shrink;
  }

 private:
  static constexpr int step = 5;
  int side_;
  std::vector<double> knots_;
};

}  // namespace

NoiseTables NoiseTables::measure(std::span<const KnownMap> maps) {
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t m = 0; m < maps.size(); ++m) order.emplace_back(precision(maps[m]), m);
  std::sort(order.begin(), order.end());
  Values every(at(keys));
  for (const KnownMap& map : maps) add_counts(map, every);
  NoiseTables tables;
  for (std::size_t g = 0; g < groups; ++g) {
    Values own(at(keys));
    for (std::size_t k = g * order.size() / groups; k < (g + 1) * order.size() / groups; ++k) {
      add_counts(maps[order[k].second], own);
    }
    for (int key = 0; key < keys; ++key) {
      append_quantiles(values_of(key, own, every), tables.quantiles_);
    }
  }
  return tables;
}

NoiseTables NoiseTables::from(const io::Safetensors& file) {
  const Tensor& stored = file.tensor("quantiles");
  if (stored.shape() != Shape{groups, keys, static_cast<std::int64_t>(levels.size())}) {
    throw Error(ErrorKind::InvalidArgument,
                "the noise tables are of another version of foldstream. Make them again with "
                "'foldstream train noise'.");
  }
  const auto values = stored.values<float>();
  NoiseTables tables;
  tables.quantiles_.assign(values.begin(), values.end());
  return tables;
}

io::Safetensors NoiseTables::file() const {
  io::Safetensors file;
  file.tensors["quantiles"] = Tensor::of<float>(
      std::span<const float>(quantiles_), {groups, keys, static_cast<std::int64_t>(levels.size())});
  return file;
}

PairMap NoiseTables::draw(const Chain& chain, Random& random) const {
  const auto group = static_cast<std::size_t>(random.uniform() * groups);
  const float* tables = quantiles_.data() + group * at(keys) * levels.size();
  const double of_residues = 0.02 + 0.28 * random.uniform();
  const double of_field = 0.15 * random.uniform();
  std::vector<double> residue(chain.residues.size());
  for (double& value : residue) value = random.normal();
  const SmoothField field(chain.length(), random);
  PairMap z(chain.length());
  for_each_key(chain, [&](int i, int j, int key) {
    const double x = std::sqrt(of_residues / 2) * (residue[at(i)] + residue[at(j)]) +
                     std::sqrt(of_field) * field(i, j) +
                     std::sqrt(1 - of_residues - of_field) * random.normal();
    const double probability = 0.5 * std::erfc(-x / std::sqrt(2.0));
    z.at(i, j) = z.at(j, i) = read_quantile(tables + at(key) * levels.size(), probability);
  });
  return z;
}

}  // namespace foldstream::workflows::train
