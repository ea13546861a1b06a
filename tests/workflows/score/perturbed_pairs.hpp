// Pairs of Cα traces of known kinship: natives, and what seeded damage makes of them.
#pragma once

#include <foldstream/io/sequence.hpp>
#include <foldstream/io/structure.hpp>
#include <foldstream/workflows/score/superposition.hpp>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace foldstream::test {

/// The Cα atoms of a PDB file, first alternative only.
inline io::Structure read_trace(const std::filesystem::path& path) {
  io::Structure structure{path.parent_path().filename().string(), {{"A", {}}}};
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("ATOM", 0) != 0 || line.substr(12, 4) != " CA ") continue;
    if (line[16] != ' ' && line[16] != 'A') continue;
    io::Residue residue{line.substr(17, 3), std::stoi(line.substr(22, 4)), line[26], {}};
    const auto number = [&](int first) { return std::stod(line.substr(first, 8)); };
    residue.atoms.push_back({"CA", "C", {number(30), number(38), number(46)}, 0, 1});
    structure.chains[0].residues.push_back(residue);
  }
  return structure;
}

inline void write_trace(const std::filesystem::path& path, const io::Structure& structure) {
  std::ofstream file(path);
  int serial = 0;
  for (const auto& residue : structure.chains[0].residues) {
    const auto& p = residue.atoms[0].position;
    char line[100];
    std::snprintf(line, sizeof line, "ATOM  %5d  CA  %3s A%4d%c   %8.3f%8.3f%8.3f  1.00  0.00\n",
                  ++serial, residue.name.c_str(), residue.number, residue.insertion, p.x, p.y, p.z);
    file << line;
  }
}

/// A compact random walk of `length` residues with steps of 3.8 Å; names cycle through the
/// alphabet.
inline io::Structure random_walk(int length, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53 * 2 - 1; };
  io::Structure structure{"walk", {{"A", {}}}};
  io::Vec3 at;
  for (int k = 0; k < length; ++k) {
    const double pull = 0.02;
    io::Vec3 step{uniform() - pull * at.x, uniform() - pull * at.y, uniform() - pull * at.z};
    const double size = std::sqrt(step.x * step.x + step.y * step.y + step.z * step.z) / 3.8;
    at = {at.x + step.x / size, at.y + step.y / size, at.z + step.z / size};
    const char letter = io::amino_acids[random() % 20];
    io::Residue residue{std::string(io::three_letter(letter)), k + 1, ' ', {}};
    residue.atoms.push_back({"CA", "C", at, 0, 1});
    structure.chains[0].residues.push_back(residue);
  }
  return structure;
}

/// About normal displacements of `sigma` Å on each axis of each atom.
inline io::Structure with_noise(io::Structure structure, double sigma, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto normal = [&] {
    double sum = -6;
    for (int k = 0; k < 12; ++k) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    return sum * sigma;
  };
  for (auto& residue : structure.chains[0].residues) {
    auto& p = residue.atoms[0].position;
    p = {p.x + normal(), p.y + normal(), p.z + normal()};
  }
  return structure;
}

/// Residues from `first` on turned by `degrees` about the x axis through residue `first`.
inline io::Structure with_hinge(io::Structure structure, std::size_t first, double degrees) {
  auto& residues = structure.chains[0].residues;
  const io::Vec3 pivot = residues.at(first).atoms[0].position;
  const double c = std::cos(degrees * M_PI / 180), s = std::sin(degrees * M_PI / 180);
  for (std::size_t k = first; k < residues.size(); ++k) {
    auto& p = residues[k].atoms[0].position;
    const double y = p.y - pivot.y, z = p.z - pivot.z;
    p = {p.x, pivot.y + c * y - s * z, pivot.z + s * y + c * z};
  }
  return structure;
}

/// Coordinates of residues [first, last) moved along the chain by `offset` residues.
inline io::Structure with_slip(io::Structure structure, std::size_t first, std::size_t last,
                               std::size_t offset) {
  const auto original = structure.chains[0].residues;
  for (std::size_t k = first; k < last && k + offset < original.size(); ++k)
    structure.chains[0].residues[k].atoms = original[k + offset].atoms;
  return structure;
}

/// Residues [first, last) taken out.
inline io::Structure without(io::Structure structure, std::size_t first, std::size_t last) {
  auto& residues = structure.chains[0].residues;
  residues.erase(residues.begin() + first, residues.begin() + last);
  return structure;
}

/// The residues of `structure` at the coordinates of `other`, as far as both go.
inline io::Structure threaded(io::Structure structure, const io::Structure& other) {
  auto& residues = structure.chains[0].residues;
  const auto& donors = other.chains[0].residues;
  if (residues.size() > donors.size()) residues.resize(donors.size());
  for (std::size_t k = 0; k < residues.size(); ++k) residues[k].atoms = donors[k].atoms;
  return structure;
}

/// The structure somewhere else and turned.
inline io::Structure moved(const io::Structure& structure) {
  workflows::score::Superposition motion;
  motion.rotation = {{{0, 0, 1}, {1, 0, 0}, {0, 1, 0}}};
  motion.translation = {12.5, -80, 33};
  return workflows::score::apply(motion, structure);
}

/// What one native becomes: undamaged to unrecognisable.
inline std::vector<io::Structure> damaged(const io::Structure& native, const io::Structure& other) {
  const std::size_t n = native.chains[0].residues.size();
  return {with_noise(native, 0.3, 1),
          with_noise(native, 1.2, 2),
          with_noise(native, 3.0, 3),
          with_noise(with_hinge(native, n / 2, 40), 0.5, 4),
          with_noise(with_hinge(with_hinge(native, n / 3, 70), 2 * n / 3, 110), 1.0, 5),
          with_noise(with_slip(native, n / 4, n / 2, 3), 0.7, 6),
          without(with_noise(native, 0.8, 7), n / 3, n / 3 + 10),
          with_noise(with_slip(native, 0, n, 2), 1.0, 8),
          without(with_hinge(native, n / 3, 60), 0, n / 4),
          with_noise(threaded(native, other), 0.01, 9)};
}

}  // namespace foldstream::test
