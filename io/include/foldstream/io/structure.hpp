// Structure: chains of residues of atoms, coordinates in Å.
#pragma once

#include <foldstream/codec.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace foldstream::io {

struct Vec3 {
  double x = 0, y = 0, z = 0;

  friend bool operator==(const Vec3&, const Vec3&) = default;
};

struct Atom {
  std::string name;     ///< "CA", "HB2": without padding
  std::string element;  ///< "C", "H"
  Vec3 position;        ///< Å
  double b_factor = 0;  ///< pLDDT (0–100) in models, Å² in experiments
  double occupancy = 1;

  friend bool operator==(const Atom&, const Atom&) = default;
};

struct Residue {
  std::string name;    ///< three letters
  int number = 0;      ///< as in the file
  char insertion = ' ';
  std::vector<Atom> atoms;

  /// The atom called `name`, or nullptr.
  const Atom* find(std::string_view name) const;
  Atom* find(std::string_view name);
  friend bool operator==(const Residue&, const Residue&) = default;
};

struct Chain {
  std::string id;
  std::vector<Residue> residues;

  /// One-letter codes, 'X' where unknown.
  std::string sequence() const;
  friend bool operator==(const Chain&, const Chain&) = default;
};

struct Structure {
  std::string name;
  std::vector<Chain> chains;

  std::size_t residue_count() const;
  std::size_t atom_count() const;
  friend bool operator==(const Structure&, const Structure&) = default;
};

}  // namespace foldstream::io

namespace foldstream {
template <>
struct Codec<io::Structure> {
  static constexpr std::string_view name = "structure";
  static Record encode(const io::Structure& structure);
  static io::Structure decode(const Record& record);
};
}  // namespace foldstream
