#include "confidence.hpp"

#include <algorithm>

namespace foldstream::workflows::predict {
namespace {

constexpr double reach = 15;      // Å: lDDT looks at pairs closer than this
constexpr float open_width = 20;  // Å: how far the last bin is taken to go beyond its edge
constexpr float first_start = 3;  // Å
constexpr double satisfied = 9;   // Å between Cβ
constexpr int shortest_contact = 6;

double distance(std::span<const BackboneResidue> chain, const DistanceMap::Pair& pair) {
  return norm(chain[static_cast<std::size_t>(pair.i)].cb -
              chain[static_cast<std::size_t>(pair.j)].cb);
}

/// That the pair is closer than `d`, its histogram flat within bins.
double probability_within(const DistanceMap::Pair& pair, double d) {
  double sum = 0;
  double low = first_start;
  for (std::size_t b = 0; b < distance_bins; ++b) {
    const double high = b < distance_edges.size() ? distance_edges[b] : low + open_width;
    sum += pair.probability[b] * std::clamp((d - low) / (high - low), 0.0, 1.0);
    low = high;
  }
  return sum;
}

/// The expected share of lDDT's four tolerances that the distance `d` keeps.
double expected_score(const DistanceMap::Pair& pair, double d) {
  double sum = 0;
  for (const double tolerance : {0.5, 1.0, 2.0, 4.0}) {
    sum += probability_within(pair, d + tolerance) - probability_within(pair, d - tolerance);
  }
  return sum / 4;
}

}  // namespace

std::vector<double> expected_lddt(const DistanceMap& distances,
                                  std::span<const BackboneResidue> chain) {
  std::vector<double> sum(chain.size());
  std::vector<int> count(chain.size());
  for (const DistanceMap::Pair& pair : distances.pairs) {
    const double d = distance(chain, pair);
    if (d >= reach) continue;
    const double score = expected_score(pair, d);
    for (const int end : {pair.i, pair.j}) {
      sum[static_cast<std::size_t>(end)] += score;
      ++count[static_cast<std::size_t>(end)];
    }
  }
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = count[i] > 0 ? sum[i] / count[i] : 0.5;
  return sum;
}

std::vector<DistanceMap::Pair> top_contacts(const DistanceMap& distances) {
  std::vector<DistanceMap::Pair> contacts;
  for (const DistanceMap::Pair& pair : distances.pairs) {
    if (pair.j - pair.i >= shortest_contact) contacts.push_back(pair);
  }
  std::stable_sort(contacts.begin(), contacts.end(),
                   [](const auto& a, const auto& b) { return a.contact() > b.contact(); });
  contacts.resize(std::min(contacts.size(), static_cast<std::size_t>(distances.length)));
  return contacts;
}

double mean_probability(std::span<const DistanceMap::Pair> contacts) {
  double sum = 0;
  for (const auto& pair : contacts) sum += pair.contact();
  return contacts.empty() ? 0 : sum / static_cast<double>(contacts.size());
}

double satisfaction(std::span<const DistanceMap::Pair> contacts,
                    std::span<const BackboneResidue> chain) {
  int count = 0;
  for (const auto& pair : contacts) count += static_cast<int>(distance(chain, pair) < satisfied);
  return contacts.empty() ? 0 : count / static_cast<double>(contacts.size());
}

double estimate_tm(const Evidence& evidence) {
  const double tm = -0.35 + 0.64 * evidence.consensus + 0.46 * evidence.satisfaction;
  return std::clamp(tm, 0.05, 0.95);
}

double estimate_plddt(double agreement, double expected) {
  return std::clamp(11 + 33 * agreement + 49 * expected, 5.0, 95.0);
}

}  // namespace foldstream::workflows::predict
