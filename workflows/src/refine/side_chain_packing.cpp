#include "cell_list.hpp"
#include "contact_energy.hpp"
#include "heavy_atoms.hpp"

#include <algorithm>
#include <cmath>

namespace foldstream::workflows::refine {
namespace {

constexpr double rotamer_weight = 1.0;  ///< of −ln P beside the contact energy
constexpr double hopeless = 30.0;       ///< above the best of its residue: never chosen

struct Candidate {
  std::vector<ContactAtom> atoms;
  std::vector<Vec3> positions;
  double energy = 0;  ///< rotamer and backbone
};

struct Site {
  std::size_t residue = 0;
  Vec3 centre;       ///< Cβ
  double reach = 0;  ///< of any candidate from there
  std::vector<Candidate> candidates;
  std::vector<std::size_t> links;  ///< into `Packing::links_`
  std::size_t chosen = 0;
};

/// The contact energies of all candidates of two sites, rows of `first`.
struct Link {
  std::size_t first = 0, second = 0;
  std::vector<float> energy;
};

class Packing {
 public:
  explicit Packing(std::vector<HeavyResidue>& residues) : residues_(residues) {}

  void run() {
    gather_fixed();
    const CellList fixed(fixed_points_, contact_range);
    for (std::size_t i = 0; i < residues_.size(); ++i) {
      if (!residues_[i].side_chain_known) add_site(i, fixed);
    }
    link_sites();
    settle();
    for (int sweep = 0; sweep < 20 && descend(); ++sweep) {
    }
    for (int sweep = 0; sweep < 4 && descend_in_pairs(); ++sweep) {
    }
    write();
  }

 private:
  void gather_fixed() {
    for (std::size_t i = 0; i < residues_.size(); ++i) {
      for (const HeavyAtom& atom : residues_[i].atoms) {
        const bool backbone = atom.name == "N" || atom.name == "CA" || atom.name == "C" ||
                              atom.name == "O" || atom.name == "CB" || atom.name == "OXT";
        if (!backbone && !residues_[i].side_chain_known) continue;
        fixed_points_.push_back(atom.position);
        fixed_.push_back(contact_atom(atom.name, atom.position));
        owner_.push_back({i, atom.name});
      }
    }
  }

  /// Whether a side-chain atom of `residue` feels the fixed atom: those near in the bonds do not
  /// count.
  bool feels(std::size_t residue, int fixed) const {
    const auto& [owner, name] = owner_[static_cast<std::size_t>(fixed)];
    if (owner == residue) return name == "O" || name == "OXT";
    if (residues_[residue].name != "PRO") return true;
    return !(residue > 0 && owner == residue - 1 && (name == "C" || name == "CA" || name == "O"));
  }

  double fixed_energy(std::size_t residue, const Candidate& candidate,
                      const CellList& fixed) const {
    double sum = 0;
    for (const ContactAtom& atom : candidate.atoms) {
      fixed.near(atom.position, [&](int at) {
        if (feels(residue, at)) sum += contact_energy(atom, fixed_[static_cast<std::size_t>(at)]);
      });
    }
    return sum;
  }

  Candidate make_candidate(std::size_t residue, const ResidueLibrary& library,
                           const Rotamer& rotamer) const {
    const HeavyResidue& at = residues_[residue];
    Candidate candidate;
    candidate.positions = place_side_chain(at, library, rotamer.chi);
    for (std::size_t i = 0; i < candidate.positions.size(); ++i) {
      const std::string& name = library.atoms[i + 1].name;
      // an atom that the input has stays; a rotamer that leads elsewhere pays for it
      if (const Vec3* known = at.find(name)) {
        candidate.energy += 10.0 * squared_distance(*known, candidate.positions[i]);
        candidate.positions[i] = *known;
      }
      candidate.atoms.push_back(contact_atom(name, candidate.positions[i]));
    }
    const double probability = side_chain_library().probability(library, rotamer, at.phi, at.psi);
    candidate.energy -= rotamer_weight * std::log(std::max(probability, 1e-6));
    return candidate;
  }

  void add_site(std::size_t residue, const CellList& fixed) {
    const ResidueLibrary& library = side_chain_library().residues.at(residues_[residue].name);
    Site site;
    site.residue = residue;
    site.centre = *residues_[residue].find("CB");
    for (const Rotamer& rotamer : library.rotamers) {
      Candidate candidate = make_candidate(residue, library, rotamer);
      candidate.energy += fixed_energy(residue, candidate, fixed);
      site.candidates.push_back(std::move(candidate));
    }
    const auto better = [](const Candidate& a, const Candidate& b) { return a.energy < b.energy; };
    std::stable_sort(site.candidates.begin(), site.candidates.end(), better);
    const double limit = site.candidates.front().energy + hopeless;
    std::erase_if(site.candidates, [&](const Candidate& c) { return c.energy > limit; });
    for (const Candidate& candidate : site.candidates) {
      for (const Vec3& at : candidate.positions) {
        site.reach = std::max(site.reach, distance(site.centre, at));
      }
    }
    sites_.push_back(std::move(site));
  }

  static double pair_energy(const Candidate& a, const Candidate& b) {
    double sum = 0;
    for (const ContactAtom& left : a.atoms) {
      for (const ContactAtom& right : b.atoms) sum += contact_energy(left, right);
    }
    return sum;
  }

  void link_sites() {
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      for (std::size_t j = i + 1; j < sites_.size(); ++j) {
        const double range = sites_[i].reach + sites_[j].reach + contact_range;
        if (squared_distance(sites_[i].centre, sites_[j].centre) > range * range) continue;
        Link link{i, j, {}};
        for (const Candidate& a : sites_[i].candidates) {
          for (const Candidate& b : sites_[j].candidates) {
            link.energy.push_back(static_cast<float>(pair_energy(a, b)));
          }
        }
        sites_[i].links.push_back(links_.size());
        sites_[j].links.push_back(links_.size());
        links_.push_back(std::move(link));
      }
    }
  }

  /// The energy of candidate `r` of `site` with candidate `s` of the other end of `link`.
  float linked(const Link& link, std::size_t site, std::size_t r, std::size_t s) const {
    const std::size_t columns = sites_[link.second].candidates.size();
    return link.first == site ? link.energy[r * columns + s] : link.energy[s * columns + r];
  }
  static std::size_t other(const Link& link, std::size_t site) {
    return link.first == site ? link.second : link.first;
  }

  /// Mean-field probabilities of all candidates, cooled; then each site takes its likeliest.
  void settle() {
    std::vector<std::vector<double>> share(sites_.size());
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      const std::size_t count = sites_[i].candidates.size();
      share[i].assign(count, 1.0 / static_cast<double>(count));
    }
    for (const double temperature :
         {8.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0, 1.7, 1.4, 1.2, 1.0, 0.8, 0.7, 0.6, 0.5}) {
      for (int repeat = 0; repeat < 2; ++repeat) {
        for (std::size_t i = 0; i < sites_.size(); ++i) update_share(i, temperature, share);
      }
    }
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      const auto best = std::max_element(share[i].begin(), share[i].end());
      sites_[i].chosen = static_cast<std::size_t>(best - share[i].begin());
    }
  }

  void update_share(std::size_t site, double temperature,
                    std::vector<std::vector<double>>& share) const {
    std::vector<double> energy;
    for (const Candidate& candidate : sites_[site].candidates) energy.push_back(candidate.energy);
    for (const std::size_t at : sites_[site].links) {
      const Link& link = links_[at];
      const std::vector<double>& weight = share[other(link, site)];
      for (std::size_t s = 0; s < weight.size(); ++s) {
        if (weight[s] < 1e-4) continue;
        for (std::size_t r = 0; r < energy.size(); ++r) {
          energy[r] += weight[s] * linked(link, site, r, s);
        }
      }
    }
    const double lowest = *std::min_element(energy.begin(), energy.end());
    double sum = 0;
    for (double& e : energy) sum += e = std::exp((lowest - e) / temperature);
    for (std::size_t r = 0; r < energy.size(); ++r) {
      share[site][r] = 0.5 * share[site][r] + 0.5 * energy[r] / sum;
    }
  }

  double energy_of(std::size_t site, std::size_t r) const {
    double sum = sites_[site].candidates[r].energy;
    for (const std::size_t at : sites_[site].links) {
      sum += linked(links_[at], site, r, sites_[other(links_[at], site)].chosen);
    }
    return sum;
  }

  std::size_t best_of(std::size_t site) const {
    std::size_t best = sites_[site].chosen;
    double lowest = energy_of(site, best) - 1e-6;
    for (std::size_t r = 0; r < sites_[site].candidates.size(); ++r) {
      if (const double energy = energy_of(site, r); energy < lowest) {
        lowest = energy;
        best = r;
      }
    }
    return best;
  }

  bool descend() {
    bool moved = false;
    for (std::size_t site = 0; site < sites_.size(); ++site) {
      const std::size_t best = best_of(site);
      moved |= best != sites_[site].chosen;
      sites_[site].chosen = best;
    }
    return moved;
  }

  /// Moves two linked sites at once where neither can move alone.
  bool descend_in_pairs() {
    bool moved = false;
    for (const Link& link : links_) {
      if (*std::max_element(link.energy.begin(), link.energy.end()) < 1.0) continue;
      moved |= move_pair(link);
    }
    return moved;
  }

  bool move_pair(const Link& link) {
    Site& a = sites_[link.first];
    Site& b = sites_[link.second];
    const std::pair was(a.chosen, b.chosen);
    std::pair best = was;
    const auto joint = [&](std::size_t r, std::size_t s) {
      return energy_of(link.first, r) - linked(link, link.first, r, b.chosen) +
             energy_of(link.second, s) - linked(link, link.second, s, a.chosen) +
             linked(link, link.first, r, s);
    };
    std::vector<double> first;
    std::vector<double> second;
    for (std::size_t r = 0; r < a.candidates.size(); ++r) {
      first.push_back(energy_of(link.first, r) - linked(link, link.first, r, b.chosen));
    }
    for (std::size_t s = 0; s < b.candidates.size(); ++s) {
      second.push_back(energy_of(link.second, s) - linked(link, link.second, s, a.chosen));
    }
    double lowest = joint(a.chosen, b.chosen) - 1e-6;
    for (std::size_t r = 0; r < first.size(); ++r) {
      for (std::size_t s = 0; s < second.size(); ++s) {
        const double energy = first[r] + second[s] + linked(link, link.first, r, s);
        if (energy >= lowest) continue;
        lowest = energy;
        best = {r, s};
      }
    }
    a.chosen = best.first;
    b.chosen = best.second;
    return best != was;
  }

  void write() {
    for (const Site& site : sites_) {
      HeavyResidue& residue = residues_[site.residue];
      const auto& atoms = side_chain_library().residues.at(residue.name).atoms;
      const Candidate& chosen = site.candidates[site.chosen];
      for (std::size_t i = 0; i < chosen.positions.size(); ++i) {
        residue.set(atoms[i + 1].name, chosen.positions[i]);
      }
    }
  }

  std::vector<HeavyResidue>& residues_;
  std::vector<Vec3> fixed_points_;
  std::vector<ContactAtom> fixed_;
  std::vector<std::pair<std::size_t, std::string>> owner_;
  std::vector<Site> sites_;
  std::vector<Link> links_;
};

}  // namespace

void pack_side_chains(std::vector<HeavyResidue>& residues) { Packing(residues).run(); }

}  // namespace foldstream::workflows::refine
