#include "chain.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace foldstream::workflows::train {
namespace {

using predict::cross;
using predict::dot;
using predict::norm;
using predict::unit;

/// Hydrogen bonds: bonds[donor * length + acceptor].
class HydrogenBonds {
 public:
  explicit HydrogenBonds(const Chain& chain)
      : length_(chain.length()),
        bonds_(static_cast<std::size_t>(length_) * static_cast<std::size_t>(length_)) {
    for (int donor = 1; donor < length_; ++donor) {
      if (!has_hydrogen(chain, donor)) continue;
      for (int acceptor = 0; acceptor < length_; ++acceptor) {
        if (std::abs(donor - acceptor) < 2 || !chain.known[at(acceptor)]) continue;
        bonds_[index(donor, acceptor)] =
            static_cast<std::uint8_t>(energy(chain, donor, acceptor) < -0.5);
      }
    }
  }

  /// Does the nitrogen of `donor` bind the oxygen of `acceptor`? False outside the chain.
  bool operator()(int donor, int acceptor) const {
    if (donor < 0 || acceptor < 0 || donor >= length_ || acceptor >= length_) return false;
    return bonds_[index(donor, acceptor)] != 0;
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  std::size_t index(int donor, int acceptor) const {
    return at(donor) * at(length_) + at(acceptor);
  }

  static bool has_hydrogen(const Chain& chain, int donor) {
    return chain.known[at(donor)] && chain.known[at(donor - 1)];
  }

  static double energy(const Chain& chain, int donor, int acceptor) {
    const auto& before = chain.backbone[at(donor - 1)];
    const Vec3 n = chain.backbone[at(donor)].n;
    const Vec3 h = n + 1.01 * unit(before.c - before.o);
    const auto& other = chain.backbone[at(acceptor)];
    const auto inverse = [](const Vec3& a, const Vec3& b) { return 1 / (norm(a - b) + 1e-3); };
    return 27.89 *
           (inverse(n, other.o) + inverse(h, other.c) - inverse(h, other.o) - inverse(n, other.c));
  }

  int length_;
  std::vector<std::uint8_t> bonds_;
};

void find_helices(const HydrogenBonds& bonds, Chain& chain) {
  const auto is_helix = [&](int i, int turn) {
    for (int k = i; k < i + turn; ++k) {
      if (chain.structure[static_cast<std::size_t>(k)] == helix) return true;
    }
    return false;
  };
  for (const int turn : {4, 3, 5}) {
    for (int i = 1; i + turn < chain.length(); ++i) {
      if (!bonds(i + turn, i) || !bonds(i - 1 + turn, i - 1)) continue;
      if (turn != 4 && is_helix(i, turn)) continue;
      for (int k = i; k < i + turn; ++k) chain.structure[static_cast<std::size_t>(k)] = helix;
    }
  }
}

void find_bridges(const HydrogenBonds& bonds, Chain& chain) {
  const auto one_way = [&](int i, int j) { return bonds(j, i - 1) && bonds(i + 1, j); };
  for (int i = 0; i < chain.length(); ++i) {
    for (int j = i + 3; j < chain.length(); ++j) {
      const bool parallel = one_way(i, j) || one_way(j, i);
      const bool antiparallel =
          (bonds(i, j) && bonds(j, i)) || (bonds(j + 1, i - 1) && bonds(i + 1, j - 1));
      if (parallel) chain.parallel.emplace_back(i, j);
      if (antiparallel) chain.antiparallel.emplace_back(i, j);
    }
  }
  for (const auto* ladder : {&chain.parallel, &chain.antiparallel}) {
    for (const auto& [i, j] : *ladder) {
      for (const int k : {i, j}) {
        auto& own = chain.structure[static_cast<std::size_t>(k)];
        if (own != helix) own = strand;
      }
    }
  }
}

void find_torsions(const std::vector<int>& numbers, Chain& chain) {
  for (std::size_t i = 0; i + 1 < chain.residues.size(); ++i) {
    if (numbers[i + 1] - numbers[i] != 1 || !chain.known[i] || !chain.known[i + 1]) continue;
    const auto& a = chain.backbone[i];
    const auto& b = chain.backbone[i + 1];
    chain.psi[i] = static_cast<float>(dihedral(a.n, a.ca, a.c, b.n));
    chain.phi[i + 1] = static_cast<float>(dihedral(a.c, b.n, b.ca, b.c));
  }
}

void count_neighbours(Chain& chain) {
  for (int i = 0; i < chain.length(); ++i) {
    for (int j = i + 1; j < chain.length(); ++j) {
      const auto [a, b] = std::pair(static_cast<std::size_t>(i), static_cast<std::size_t>(j));
      if (!chain.known[a] || !chain.known[b] || chain.cb_distance(i, j) >= 10) continue;
      chain.burial[a] += 1.0F / 15;
      chain.burial[b] += 1.0F / 15;
    }
  }
}

}  // namespace

double dihedral(const Vec3& a, const Vec3& b, const Vec3& c, const Vec3& d) {
  const Vec3 u = b - a;
  const Vec3 v = c - b;
  const Vec3 w = d - c;
  const Vec3 n = cross(u, v);
  const Vec3 m = cross(v, w);
  return std::atan2(dot(cross(n, m), unit(v)), dot(n, m));
}

double angle(const Vec3& a, const Vec3& b, const Vec3& c) {
  return std::acos(std::clamp(dot(unit(a - b), unit(c - b)), -1.0, 1.0));
}

Chain describe(const io::LibraryChain& source, const std::vector<std::uint8_t>& known) {
  const std::size_t length = source.residues.size();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  Chain chain{source.residues, known, source.backbone, {}, {}, {}, {}, {}, {}, {}};
  chain.structure.assign(length, other);
  chain.phi.assign(length, nan);
  chain.psi.assign(length, nan);
  chain.burial.assign(length, 0);
  for (const auto& residue : source.backbone) {
    const Vec3 b = residue.ca - residue.n;
    const Vec3 c = residue.c - residue.ca;
    chain.cb.push_back(residue.ca + (-0.5827) * cross(b, c) + 0.5680 * b + (-0.5407) * c);
  }
  const HydrogenBonds bonds(chain);
  find_helices(bonds, chain);
  find_bridges(bonds, chain);
  find_torsions(source.numbers, chain);
  count_neighbours(chain);
  for (std::size_t i = 0; i < length; ++i) {
    if (!known[i]) chain.structure[i] = unknown_structure;
  }
  return chain;
}

Chain describe(const io::LibraryChain& chain) {
  return describe(chain, std::vector<std::uint8_t>(chain.residues.size(), 1));
}

}  // namespace foldstream::workflows::train
