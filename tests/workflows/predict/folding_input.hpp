// A small protein that the folding engine is told everything of, and the gradients of energies.
#pragma once

#include "predict/backbone.hpp"
#include "predict/folding.hpp"
#include "predict/random.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace foldstream::test {

using namespace workflows::predict;

inline std::vector<BackboneResidue> chain_of(const std::vector<double>& torsions) {
  std::vector<BackboneResidue> chain(torsions.size() / 2);
  build_backbone(torsions, chain);
  return chain;
}

/// Helix, loop, helix: φ and ψ of each residue, at centres of cells.
inline std::vector<double> two_helices(int length) {
  std::vector<double> torsions;
  for (int i = 0; i < length; ++i) {
    const bool loop = std::abs(i - length / 2) < 2;
    torsions.push_back((loop ? -90 : -70) * std::numbers::pi / 180);
    torsions.push_back((loop ? 130 : -50) * std::numbers::pi / 180);
  }
  return torsions;
}

inline LocalPrediction local_of(const std::vector<double>& torsions) {
  LocalPrediction local;
  local.length = static_cast<int>(torsions.size() / 2);
  for (int i = 0; i < local.length; ++i) local.structure.insert(local.structure.end(), {1, 0, 0});
  local.torsions.assign(324 * torsions.size() / 2, 0.2F / 324);
  local.burial.assign(torsions.size() / 2, 0.5F);
  for (std::size_t i = 0; i < torsions.size() / 2; ++i) {
    const auto cell = [&](std::size_t k) {
      const double turns = torsions[2 * i + k] / (2 * std::numbers::pi) + 0.5;
      return static_cast<std::size_t>(18 * turns) % 18;
    };
    local.torsions[324 * i + 18 * cell(0) + cell(1)] += 0.8F;
  }
  return local;
}

inline DistanceMap map_of(const std::vector<BackboneResidue>& chain) {
  DistanceMap map{static_cast<int>(chain.size()), {}};
  for (int separation = shortest_separation; separation < map.length; ++separation) {
    for (int i = 0; i + separation < map.length; ++i) {
      DistanceMap::Pair pair;
      pair.i = i;
      pair.j = i + separation;
      const double d = norm(chain[static_cast<std::size_t>(pair.i)].cb -
                            chain[static_cast<std::size_t>(pair.j)].cb);
      const auto bin = std::upper_bound(distance_edges.begin(), distance_edges.end(), d);
      pair.probability.fill(0.01F);
      pair.probability[static_cast<std::size_t>(bin - distance_edges.begin())] += 0.85F;
      pair.omega.fill(1.0F / 12);
      pair.theta_ij = pair.theta_ji = pair.omega;
      pair.phi_ij.fill(1.0F / 6);
      pair.phi_ji = pair.phi_ij;
      map.pairs.push_back(pair);
    }
  }
  return map;
}

inline FoldingInput folding_input(const std::vector<double>& torsions) {
  return {std::string(torsions.size() / 2, 'A'), local_of(torsions), map_of(chain_of(torsions)),
          count_hands({})};
}

/// Chains at random torsions, the same in every run.
inline std::vector<Torsions> random_torsions(std::size_t length) {
  Random random(3, 4);
  std::vector<Torsions> torsions(length);
  for (Torsions& own : torsions) {
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      own.phi[lane] = static_cast<float>(6 * random.uniform() - 3);
      own.psi[lane] = static_cast<float>(6 * random.uniform() - 3);
    }
  }
  return torsions;
}

/// How far the gradient of `add(chains, slope)` is from finite differences, relative to its size.
template <class Add>
double gradient_error(std::vector<Torsions> torsions, Add add) {
  constexpr float step = 1e-3F;
  Atoms chains(torsions.size());
  std::vector<Torsions> gradient(torsions.size());
  const auto energy = [&] {
    build_chains(torsions, chains);
    Slope slope(torsions.size());
    add(chains, slope);
    torsion_gradient(chains, slope, gradient);
    return slope.energy;
  };
  energy();
  const std::vector<Torsions> expected = gradient;
  double error = 0;
  double size = 0;
  for (std::size_t i = 1; i + 1 < torsions.size(); ++i) {
    for (Lanes Torsions::*angle : {&Torsions::phi, &Torsions::psi}) {
      const Lanes before = torsions[i].*angle;
      torsions[i].*angle = before + step;
      const Lanes up = energy();
      torsions[i].*angle = before - step;
      const Lanes down = energy();
      torsions[i].*angle = before;
      for (std::size_t lane = 0; lane < lane_count; ++lane) {
        const double slope = (up[lane] - down[lane]) / (2 * step);
        const double own = (expected[i].*angle)[lane];
        error += (slope - own) * (slope - own);
        size += own * own;
      }
    }
  }
  return size > 0 ? std::sqrt(error / size) : 1;
}

}  // namespace foldstream::test
