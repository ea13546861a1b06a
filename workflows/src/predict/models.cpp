#include "backbone.hpp"
#include "models.hpp"

#include <foldstream/workflows/score/lddt.hpp>
#include <foldstream/workflows/score/tm_score.hpp>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

namespace foldstream::workflows::predict {
namespace {

// TM-scores from which two models count as one: of other shapes first, then near ones as well
constexpr std::array<double, 3> same_shape = {0.8, 0.9, 0.97};
constexpr int comparisons = 5;

/// Indices of the trajectories, best selection score first.
std::vector<int> by_selection(const std::vector<Trajectory>& trajectories) {
  std::vector<int> order(trajectories.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return trajectories[static_cast<std::size_t>(a)].selection <
           trajectories[static_cast<std::size_t>(b)].selection;
  });
  return order;
}

/// The best of each group: members of a group descend from each other and agree too easily.
std::vector<int> champions(const std::vector<int>& order) {
  std::vector<int> best;
  for (const int index : order) {
    const auto same_group = [&](int other) { return other / group_size == index / group_size; };
    if (std::none_of(best.begin(), best.end(), same_group)) best.push_back(index);
  }
  return best;
}

double similarity(const Trajectory& a, const Trajectory& b) {
  return score::tm_score(a.ca, b.ca, score::Search::Sampled);
}

std::vector<int> distinct(const std::vector<Trajectory>& trajectories,
                          const std::vector<int>& order, int count, const Context& context) {
  std::vector<int> chosen;
  std::vector<double> nearest(trajectories.size(), 0);  // TM-score to the most similar chosen one
  const auto choose = [&](int index) {
    chosen.push_back(index);
    parallel_for(context, static_cast<int>(nearest.size()), [&](int other) {
      const auto at = static_cast<std::size_t>(other);
      const double own = other == index ? 1
                                        : similarity(trajectories[static_cast<std::size_t>(index)],
                                                     trajectories[at]);
      nearest[at] = std::max(nearest[at], own);
    });
  };
  for (const double limit : same_shape) {
    for (const int index : order) {
      if (static_cast<int>(chosen.size()) == count) return chosen;
      if (nearest[static_cast<std::size_t>(index)] <= limit) choose(index);
    }
  }
  return chosen;
}

/// The other groups' champions, best first.
std::vector<const Trajectory*> witnesses(const std::vector<Trajectory>& trajectories,
                                         const std::vector<int>& best, int index) {
  std::vector<const Trajectory*> others;
  for (const int other : best) {
    if (other / group_size != index / group_size && others.size() < comparisons) {
      others.push_back(&trajectories[static_cast<std::size_t>(other)]);
    }
  }
  return others;
}

std::vector<BackboneResidue> chain_of(const Trajectory& trajectory) {
  std::vector<BackboneResidue> chain(trajectory.torsions.size() / 2);
  build_backbone(trajectory.torsions, chain);
  return chain;
}

std::vector<double> agreement(const Trajectory& own, const std::vector<const Trajectory*>& others) {
  std::vector<double> mean(own.ca.size(), others.empty() ? 0.5 : 0.0);
  for (const Trajectory* other : others) {
    const std::vector<std::optional<Vec3>> theirs(other->ca.begin(), other->ca.end());
    const score::Lddt lddt = score::lddt_ca(theirs, own.ca);
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i] += lddt.per_residue[i] / static_cast<double>(others.size());
    }
  }
  return mean;
}

Candidate judge(const DistanceMap& distances, const std::vector<DistanceMap::Pair>& top,
                const Trajectory& own, const std::vector<const Trajectory*>& others) {
  const std::vector<BackboneResidue> chain = chain_of(own);
  Candidate candidate;
  candidate.agreement = agreement(own, others);
  candidate.expected = expected_lddt(distances, chain);
  Evidence& evidence = candidate.evidence;
  for (const Trajectory* other : others) {
    evidence.consensus += similarity(own, *other) / static_cast<double>(others.size());
  }
  evidence.satisfaction = satisfaction(top, chain);
  evidence.clarity = mean_probability(top);
  evidence.hand = own.hand;
  for (const double expected : candidate.expected) {
    evidence.expected += expected / static_cast<double>(chain.size());
  }
  return candidate;
}

io::Model make_model(const io::Sequence& sequence, const Candidate& candidate,
                     const Trajectory& own) {
  io::Model model;
  model.structure = backbone_structure(sequence, own.torsions);
  model.predicted_tm = estimate_tm(candidate.evidence);
  model.energy = own.selection;
  auto& residues = model.structure.chains.front().residues;
  for (std::size_t i = 0; i < residues.size(); ++i) {
    model.plddt.push_back(estimate_plddt(candidate.agreement[i], candidate.expected[i]));
    for (io::Atom& atom : residues[i].atoms) atom.b_factor = model.plddt.back();
  }
  return model;
}

io::Atom atom(const std::string& name, const Vec3& position) {
  return {name, name.substr(0, 1), position, 0, 1};
}

}  // namespace

std::vector<Candidate> choose_candidates(const DistanceMap& distances,
                                         const std::vector<Trajectory>& trajectories, int count,
                                         const Context& context) {
  const std::vector<int> order = by_selection(trajectories);
  const std::vector<int> best = champions(order);
  const std::vector<int> chosen = distinct(trajectories, order, count, context);
  const std::vector<DistanceMap::Pair> top = top_contacts(distances);
  std::vector<Candidate> candidates(chosen.size());
  parallel_for(context, static_cast<int>(chosen.size()), [&](int k) {
    const int index = chosen[static_cast<std::size_t>(k)];
    Candidate& candidate = candidates[static_cast<std::size_t>(k)];
    candidate = judge(distances, top, trajectories[static_cast<std::size_t>(index)],
                      witnesses(trajectories, best, index));
    candidate.trajectory = index;
  });
  return candidates;
}

std::vector<io::Model> choose_models(const io::Sequence& sequence, const DistanceMap& distances,
                                     const std::vector<Trajectory>& trajectories, int count,
                                     const Context& context) {
  std::vector<io::Model> models;
  for (const Candidate& candidate : choose_candidates(distances, trajectories, count, context)) {
    models.push_back(make_model(sequence, candidate,
                                trajectories[static_cast<std::size_t>(candidate.trajectory)]));
  }
  return models;
}

io::Structure backbone_structure(const io::Sequence& sequence, std::span<const double> torsions) {
  std::vector<BackboneResidue> chain(torsions.size() / 2);
  build_backbone(torsions, chain);
  io::Structure structure{sequence.name, {{"A", {}}}};
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool last = i + 1 == chain.size();
    io::Residue residue;
    residue.name = std::string(io::three_letter(sequence.residues[i]));
    residue.number = static_cast<int>(i) + 1;
    residue.atoms = {atom("N", chain[i].n), atom("CA", chain[i].ca), atom("C", chain[i].c),
                     atom("O", last ? terminal_oxygen(chain[i], torsions[2 * i + 1])
                                    : carbonyl_oxygen(chain[i], chain[i + 1].n))};
    if (sequence.residues[i] != 'G') residue.atoms.push_back(atom("CB", chain[i].cb));
    structure.chains.front().residues.push_back(std::move(residue));
  }
  return structure;
}

}  // namespace foldstream::workflows::predict
