#include "atom_text.hpp"

#include <foldstream/io/sequence.hpp>
#include <foldstream/io/structure_file.hpp>

#include <gemmi/cifdoc.hpp>

#include <algorithm>
#include <cstdio>
#include <set>

namespace foldstream::io {
namespace {

// A value as CIF text: quoted where it must be, '?' for nothing, blanks for what is not ASCII.
std::string value(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = ' ';
  }
  if (text.empty()) return "?";
  const std::string quoted = gemmi::cif::quote(text);
  // with quotes of both kinds inside it is a text field, which begins a line
  return quoted[0] == ';' ? "\n" + quoted : quoted;
}

std::string fixed(double number, int decimals) {
  char text[352];
  return {text,
          static_cast<std::size_t>(std::snprintf(text, sizeof text, "%.*f", decimals, number))};
}

// Chains of the same residues are one entity; entities count from 1 in order of first use.
struct Entities {
  std::vector<const Chain*> first;  // a chain of each
  std::vector<std::size_t> of;      // by chain
};

bool same_residues(const Chain& a, const Chain& b) {
  return std::equal(a.residues.begin(), a.residues.end(), b.residues.begin(), b.residues.end(),
                    [](const Residue& x, const Residue& y) { return x.name == y.name; });
}

Entities entities_of(const Structure& structure) {
  Entities entities;
  for (const Chain& chain : structure.chains) {
    const auto found =
        std::find_if(entities.first.begin(), entities.first.end(),
                     [&](const Chain* known) { return same_residues(*known, chain); });
    entities.of.push_back(static_cast<std::size_t>(found - entities.first.begin()) + 1);
    if (found == entities.first.end()) entities.first.push_back(&chain);
  }
  return entities;
}

class MmcifWriter {
 public:
  MmcifWriter(const Structure& structure, const StructureMetadata& metadata)
      : structure_(structure), metadata_(metadata), entities_(entities_of(structure)) {}

  std::string format();

 private:
  void pair(const char* tag, const std::string& text) {
    text_.append(tag).append(1, ' ').append(text) += '\n';
  }
  void loop(const char* category, std::initializer_list<const char*> tags);
  void row(std::initializer_list<std::string> values);
  void end() { text_ += "#\n"; }
  void write_entry();
  void write_components();
  void write_entities();
  void write_sequences();
  void write_chains();
  void write_confidence();
  void write_local_confidence();
  void write_atoms();
  void write_atom(const Chain& chain, std::size_t chain_index, std::size_t residue_index,
                  const Atom& atom);

  const Structure& structure_;
  const StructureMetadata& metadata_;
  Entities entities_;
  std::string text_;
  std::size_t serial_ = 0;
};

void MmcifWriter::loop(const char* category, std::initializer_list<const char*> tags) {
  text_ += "loop_\n";
  for (const char* tag : tags) text_.append(category).append(1, '.').append(tag) += '\n';
}

void MmcifWriter::row(std::initializer_list<std::string> values) {
  for (const std::string& each : values) text_.append(each) += ' ';
  text_.back() = '\n';
}

std::string block_name(const std::string& name) {
  std::string block = name.empty() ? "model" : name;
  for (char& c : block) {
    if (c <= ' ' || c > '~' || c == '\'' || c == '"' || c == '#') c = '_';
  }
  return block;
}

void MmcifWriter::write_entry() {
  const std::string name = block_name(structure_.name);
  text_ += "data_" + name + "\n#\n";
  pair("_entry.id", value(name));
  end();
  pair("_struct.entry_id", value(name));
  pair("_struct.title", value(metadata_.title.empty() ? structure_.name : metadata_.title));
  end();
  if (metadata_.software.empty()) return;
  pair("_software.pdbx_ordinal", "1");
  pair("_software.name", value(metadata_.software));
  pair("_software.classification", metadata_.b_factor_is_plddt ? "'model building'" : "other");
  end();
}

void MmcifWriter::write_components() {
  std::set<std::string> names;
  for (const Chain* chain : entities_.first) {
    for (const Residue& residue : chain->residues) names.insert(residue.name);
  }
  loop("_chem_comp", {"id", "type"});
  for (const std::string& name : names) {
    row({value(name), name == "GLY" ? "'PEPTIDE LINKING'" : "'L-PEPTIDE LINKING'"});
  }
  end();
}

void MmcifWriter::write_entities() {
  loop("_entity", {"id", "type", "src_method", "pdbx_description"});
  for (std::size_t i = 1; i <= entities_.first.size(); ++i) {
    row({std::to_string(i), "polymer", metadata_.b_factor_is_plddt ? "syn" : "man", "?"});
  }
  end();
  loop("_struct_asym", {"id", "entity_id"});
  for (std::size_t i = 0; i < structure_.chains.size(); ++i) {
    row({value(structure_.chains[i].id), std::to_string(entities_.of[i])});
  }
  end();
}

// One-letter codes in lines of 80; what has no letter is written "(MSE)".
std::string one_letter_lines(const Chain& chain, bool canonical) {
  std::string lines = "\n;";
  std::size_t width = 1;
  for (const Residue& residue : chain.residues) {
    const char letter = one_letter(residue.name);
    const bool standard = canonical || three_letter(letter) == residue.name;
    const std::string code = standard ? std::string(1, letter) : "(" + residue.name + ")";
    if (width + code.size() > 80) {
      lines += '\n';
      width = 0;
    }
    lines += code;
    width += code.size();
  }
  return lines + "\n;";
}

void MmcifWriter::write_sequences() {
  loop("_entity_poly", {"entity_id", "type", "nstd_linkage", "nstd_monomer", "pdbx_strand_id",
                        "pdbx_seq_one_letter_code", "pdbx_seq_one_letter_code_can"});
  for (std::size_t entity = 1; entity <= entities_.first.size(); ++entity) {
    std::string strands;
    for (std::size_t i = 0; i < structure_.chains.size(); ++i) {
      if (entities_.of[i] != entity) continue;
      strands += (strands.empty() ? "" : ",") + structure_.chains[i].id;
    }
    const Chain& chain = *entities_.first[entity - 1];
    const std::string code = one_letter_lines(chain, false);
    const bool modified = code.find('(') != std::string::npos;
    row({std::to_string(entity), "polypeptide(L)", "no", modified ? "yes" : "no", value(strands),
         code, one_letter_lines(chain, true)});
  }
  end();
  loop("_entity_poly_seq", {"entity_id", "num", "mon_id", "hetero"});
  for (std::size_t entity = 1; entity <= entities_.first.size(); ++entity) {
    std::size_t number = 0;
    for (const Residue& residue : entities_.first[entity - 1]->residues) {
      row({std::to_string(entity), std::to_string(++number), value(residue.name), "n"});
    }
  }
  end();
}

std::string insertion_code(const Residue& residue, const char* none) {
  return residue.insertion == ' ' ? none : value(std::string(1, residue.insertion));
}

void MmcifWriter::write_chains() {
  loop("_pdbx_poly_seq_scheme",
       {"asym_id", "entity_id", "seq_id", "mon_id", "ndb_seq_num", "pdb_seq_num", "auth_seq_num",
        "pdb_mon_id", "auth_mon_id", "pdb_strand_id", "pdb_ins_code", "hetero"});
  for (std::size_t i = 0; i < structure_.chains.size(); ++i) {
    const Chain& chain = structure_.chains[i];
    const std::string id = value(chain.id);
    std::size_t place = 0;
    for (const Residue& residue : chain.residues) {
      const std::string at = std::to_string(++place);
      const std::string number = std::to_string(residue.number);
      const std::string name = value(residue.name);
      row({id, std::to_string(entities_.of[i]), at, name, at, number, number, name, name, id,
           insertion_code(residue, "."), "n"});
    }
  }
  end();
}

// The pLDDT of a residue: that of its Cα, or of its first atom.
double confidence(const Residue& residue) {
  const Atom* alpha = residue.find("CA");
  if (alpha == nullptr && !residue.atoms.empty()) alpha = &residue.atoms.front();
  return alpha != nullptr ? alpha->b_factor : 0;
}

void MmcifWriter::write_confidence() {
  double sum = 0;
  for (const Chain& chain : structure_.chains) {
    for (const Residue& residue : chain.residues) sum += confidence(residue);
  }
  const auto count = static_cast<double>(std::max<std::size_t>(structure_.residue_count(), 1));
  loop("_ma_qa_metric", {"id", "mode", "name", "software_group_id", "type"});
  row({"1", "global", "pLDDT", "?", "pLDDT"});
  row({"2", "local", "pLDDT", "?", "pLDDT"});
  end();
  loop("_ma_qa_metric_global", {"ordinal_id", "model_id", "metric_id", "metric_value"});
  row({"1", "1", "1", fixed(sum / count, 2)});
  end();
  write_local_confidence();
}

void MmcifWriter::write_local_confidence() {
  loop("_ma_qa_metric_local", {"ordinal_id", "model_id", "label_asym_id", "label_seq_id",
                               "label_comp_id", "metric_id", "metric_value"});
  std::size_t ordinal = 0;
  for (const Chain& chain : structure_.chains) {
    for (std::size_t i = 0; i < chain.residues.size(); ++i) {
      const Residue& residue = chain.residues[i];
      row({std::to_string(++ordinal), "1", value(chain.id), std::to_string(i + 1),
           value(residue.name), "2", fixed(confidence(residue), 2)});
    }
  }
  end();
}

void MmcifWriter::write_atoms() {
  loop("_atom_site", {"group_PDB",      "id",
                      "type_symbol",    "label_atom_id",
                      "label_alt_id",   "label_comp_id",
                      "label_asym_id",  "label_entity_id",
                      "label_seq_id",   "pdbx_PDB_ins_code",
                      "Cartn_x",        "Cartn_y",
                      "Cartn_z",        "occupancy",
                      "B_iso_or_equiv", "auth_seq_id",
                      "auth_comp_id",   "auth_asym_id",
                      "auth_atom_id",   "pdbx_PDB_model_num"});
  for (std::size_t c = 0; c < structure_.chains.size(); ++c) {
    const Chain& chain = structure_.chains[c];
    for (std::size_t r = 0; r < chain.residues.size(); ++r) {
      for (const Atom& atom : chain.residues[r].atoms) write_atom(chain, c, r, atom);
    }
  }
  end();
}

void MmcifWriter::write_atom(const Chain& chain, std::size_t chain_index, std::size_t residue_index,
                             const Atom& atom) {
  const Residue& residue = chain.residues[residue_index];
  check_finite(atom, "atom " + atom.name + " of " + describe(chain, residue));
  const std::string id = value(chain.id);
  const std::string component = value(residue.name);
  const std::string name = value(atom.name);
  row({"ATOM",
       std::to_string(++serial_),
       value(upper_case(atom.element)),
       name,
       ".",
       component,
       id,
       std::to_string(entities_.of[chain_index]),
       std::to_string(residue_index + 1),
       insertion_code(residue, "?"),
       fixed(atom.position.x, 3),
       fixed(atom.position.y, 3),
       fixed(atom.position.z, 3),
       fixed(atom.occupancy, 2),
       fixed(atom.b_factor, 2),
       std::to_string(residue.number),
       component,
       id,
       name,
       "1"});
}

std::string MmcifWriter::format() {
  write_entry();
  write_components();
  write_entities();
  write_sequences();
  write_chains();
  if (metadata_.b_factor_is_plddt) write_confidence();
  write_atoms();
  return std::move(text_);
}

void check_chain_ids(const Structure& structure) {
  std::set<std::string> ids;
  for (const Chain& chain : structure.chains) {
    if (!chain.id.empty() && ids.insert(chain.id).second) continue;
    throw Error(ErrorKind::InvalidArgument,
                "structure '" + structure.name + "' has " +
                    (chain.id.empty() ? "a chain without an id" : "two chains '" + chain.id + "'") +
                    ". Give each chain an id of its own.");
  }
}

}  // namespace

std::string format_mmcif(const Structure& structure, const StructureMetadata& metadata) {
  check_chain_ids(structure);
  return MmcifWriter(structure, metadata).format();
}

}  // namespace foldstream::io
