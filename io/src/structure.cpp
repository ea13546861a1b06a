#include "record_fields.hpp"

#include <foldstream/io/sequence.hpp>
#include <foldstream/io/structure.hpp>

#include <algorithm>
#include <cstdint>

namespace foldstream::io {
namespace {

// The columns of the atom, residue and chain tables that a structure is stored as.
struct Tables {
  std::vector<std::string> atom_name, element, residue_name, chain_id;
  std::vector<double> coordinates, b_factor, occupancy;
  std::vector<std::int32_t> atom_residue, residue_number, residue_chain;
  std::vector<std::uint8_t> residue_insertion;

  void add(const Chain& chain);
  void add(const Atom& atom);
};

void Tables::add(const Atom& atom) {
  atom_name.push_back(atom.name);
  element.push_back(atom.element);
  coordinates.insert(coordinates.end(), {atom.position.x, atom.position.y, atom.position.z});
  b_factor.push_back(atom.b_factor);
  occupancy.push_back(atom.occupancy);
  atom_residue.push_back(static_cast<std::int32_t>(residue_name.size()));
}

void Tables::add(const Chain& chain) {
  for (const Residue& residue : chain.residues) {
    for (const Atom& atom : residue.atoms) add(atom);
    residue_name.push_back(residue.name);
    residue_number.push_back(residue.number);
    residue_insertion.push_back(static_cast<std::uint8_t>(residue.insertion));
    residue_chain.push_back(static_cast<std::int32_t>(chain_id.size()));
  }
  chain_id.push_back(chain.id);
}

// The owner of each element: an index that never falls and stays below `owners`.
std::span<const std::int32_t> read_owners(const Record& record, const std::string& name,
                                          std::size_t count, std::size_t owners) {
  const auto index = read_values<std::int32_t>(record, name, count);
  if (!std::is_sorted(index.begin(), index.end())) fail_field(name, "is not sorted");
  if (count != 0 && (index.front() < 0 || static_cast<std::size_t>(index.back()) >= owners)) {
    fail_field(name, "points outside its table");
  }
  return index;
}

std::vector<Residue> decode_residues(const Record& record) {
  std::vector<std::string> names = read_words(record, "residue_name");
  const auto number = read_values<std::int32_t>(record, "residue_number", names.size());
  const auto insertion = read_values<std::uint8_t>(record, "residue_insertion", names.size());
  std::vector<Residue> residues;
  for (std::size_t i = 0; i < names.size(); ++i) {
    residues.push_back({std::move(names[i]), number[i], static_cast<char>(insertion[i]), {}});
  }
  return residues;
}

void decode_atoms(const Record& record, std::vector<Residue>& residues) {
  std::vector<std::string> names = read_words(record, "atom_name");
  std::vector<std::string> elements = read_words(record, "element");
  const std::size_t count = names.size();
  if (elements.size() != count) fail_field("element", "does not have one entry an atom");
  const Tensor& xyz = checked_tensor(record, "coordinates", DType::f64, 2);
  if (xyz.shape() != Shape{static_cast<std::int64_t>(count), 3}) {
    fail_field("coordinates", "does not have three numbers an atom");
  }
  const auto position = xyz.values<double>();
  const auto b_factor = read_values<double>(record, "b_factor", count);
  const auto occupancy = read_values<double>(record, "occupancy", count);
  const auto owner = read_owners(record, "atom_residue", count, residues.size());
  for (std::size_t i = 0; i < count; ++i) {
    const Vec3 at{position[3 * i], position[3 * i + 1], position[3 * i + 2]};
    residues[static_cast<std::size_t>(owner[i])].atoms.push_back(
        {std::move(names[i]), std::move(elements[i]), at, b_factor[i], occupancy[i]});
  }
}

}  // namespace

const Atom* Residue::find(std::string_view wanted) const {
  const auto found = std::find_if(atoms.begin(), atoms.end(),
                                  [&](const Atom& atom) { return atom.name == wanted; });
  return found != atoms.end() ? &*found : nullptr;
}

Atom* Residue::find(std::string_view wanted) {
  return const_cast<Atom*>(static_cast<const Residue*>(this)->find(wanted));
}

std::string Chain::sequence() const {
  std::string letters;
  for (const Residue& residue : residues) letters += one_letter(residue.name);
  return letters;
}

std::size_t Structure::residue_count() const {
  std::size_t count = 0;
  for (const Chain& chain : chains) count += chain.residues.size();
  return count;
}

std::size_t Structure::atom_count() const {
  std::size_t count = 0;
  for (const Chain& chain : chains) {
    for (const Residue& residue : chain.residues) count += residue.atoms.size();
  }
  return count;
}

}  // namespace foldstream::io

namespace foldstream {

Record Codec<io::Structure>::encode(const io::Structure& structure) {
  io::Tables tables;
  for (const io::Chain& chain : structure.chains) tables.add(chain);
  const auto atoms = static_cast<std::int64_t>(tables.atom_name.size());
  return {
      {"name", text_field(structure.name)},
      {"coordinates",
       io::values_field(tables.coordinates, {atoms, 3}, "angstrom", {"atom", "xyz"})},
      {"atom_name", io::words_field(tables.atom_name, "atom")},
      {"element", io::words_field(tables.element, "atom")},
      {"b_factor", io::values_field(tables.b_factor, "1", "atom")},
      {"occupancy", io::values_field(tables.occupancy, "1", "atom")},
      {"atom_residue", io::values_field(tables.atom_residue, "1", "atom")},
      {"residue_name", io::words_field(tables.residue_name, "residue")},
      {"residue_number", io::values_field(tables.residue_number, "1", "residue")},
      {"residue_insertion", io::values_field(tables.residue_insertion, "utf-8", "residue")},
      {"residue_chain", io::values_field(tables.residue_chain, "1", "residue")},
      {"chain_id", io::words_field(tables.chain_id, "chain")},
  };
}

io::Structure Codec<io::Structure>::decode(const Record& record) {
  io::Structure structure;
  structure.name = field_text(record, "name");
  for (std::string& id : io::read_words(record, "chain_id")) {
    structure.chains.push_back({std::move(id), {}});
  }
  std::vector<io::Residue> residues = io::decode_residues(record);
  io::decode_atoms(record, residues);
  const auto owner =
      io::read_owners(record, "residue_chain", residues.size(), structure.chains.size());
  for (std::size_t i = 0; i < residues.size(); ++i) {
    structure.chains[static_cast<std::size_t>(owner[i])].residues.push_back(std::move(residues[i]));
  }
  return structure;
}

}  // namespace foldstream
