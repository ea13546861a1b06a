#include "characters.hpp"
#include "cif_text.hpp"

#include <foldstream/io/structure_file.hpp>
#include <foldstream/io/text_file.hpp>

#include <gemmi/cifdoc.hpp>
#include <gemmi/mmcif.hpp>
#include <gemmi/pdb.hpp>
#include <gemmi/resinfo.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace foldstream::io {
namespace {

[[noreturn]] void fail(const std::string& file, const std::string& message) {
  throw Error(ErrorKind::Parse, Place{file}, message);
}

// gemmi keeps B-factors and occupancies as float; the shortest decimal is what the file said
double decimal(float value) {
  if (!std::isfinite(value)) return 0;
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text - 1, value).ptr;
  *end = '\0';
  return std::strtod(text, nullptr);
}

Residue residue_of(const gemmi::Residue& source) {
  Residue residue{source.name, source.seqid.num.value, source.seqid.icode, {}};
  for (const gemmi::Atom& atom : source.atoms) {
    if (residue.find(atom.name) != nullptr) continue;  // a later alternate location
    residue.atoms.push_back({atom.name,
                             atom.element.name(),
                             {atom.pos.x, atom.pos.y, atom.pos.z},
                             decimal(atom.b_iso),
                             decimal(atom.occ)});
  }
  return residue;
}

bool is_protein(const gemmi::Residue& residue) {
  if (gemmi::find_tabulated_residue(residue.name).is_amino_acid()) return true;
  const auto has = [&](const char* name) { return residue.find_atom(name, '*') != nullptr; };
  return has("N") && has("CA") && has("C");
}

Chain chain_of(const gemmi::Chain& source) {
  Chain chain{source.name, {}};
  const gemmi::Residue* last = nullptr;
  for (const gemmi::Residue& residue : source.residues) {
    if (!is_protein(residue)) continue;
    // the same place with another residue name is an alternate residue
    if (last == nullptr || !(last->seqid == residue.seqid)) {
      chain.residues.push_back(residue_of(residue));
    }
    last = &residue;
  }
  return chain;
}

// Old PDB files leave the id of an only chain blank, which no other format can.
void name_blank_chains(std::vector<Chain>& chains) {
  const auto taken = [&](const std::string& id) {
    return std::any_of(chains.begin(), chains.end(),
                       [&](const Chain& chain) { return chain.id == id; });
  };
  std::string letter = "A";
  for (Chain& chain : chains) {
    if (!is_blank(chain.id)) continue;
    while (taken(letter)) ++letter[0];
    chain.id = letter;
  }
}

void check_coordinates(const Structure& structure, const std::string& file) {
  for (const Chain& chain : structure.chains) {
    for (const Residue& residue : chain.residues) {
      for (const Atom& atom : residue.atoms) {
        if (std::isfinite(atom.position.x + atom.position.y + atom.position.z)) continue;
        fail(file, "atom " + atom.name + " of residue " + residue.name + " " +
                       std::to_string(residue.number) +
                       " has no finite coordinates. Give a structure that has them all.");
      }
    }
  }
}

Structure structure_of(const gemmi::Structure& source, const std::string& file) {
  if (source.models.empty())
    fail(file, "the structure holds no atoms. Give a file with coordinates.");
  Structure structure;
  const auto entry = source.info.find("_entry.id");
  if (entry != source.info.end()) structure.name = entry->second;
  if (is_blank(structure.name)) structure.name = std::filesystem::path(file).stem().string();
  for (const gemmi::Chain& source_chain : source.models.front().chains) {
    Chain chain = chain_of(source_chain);
    if (!chain.residues.empty()) structure.chains.push_back(std::move(chain));
  }
  if (structure.chains.empty())
    fail(file, "the structure holds no protein residues. Only proteins can be read.");
  name_blank_chains(structure.chains);
  check_coordinates(structure, file);
  return structure;
}

bool looks_like_mmcif(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (!is_blank(line) && line[0] != '#') return line.substr(0, 5) == "data_";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

bool looks_like_pdb(std::string_view text) {
  for (const std::string_view record : {"ATOM  ", "HETATM"}) {
    if (text.substr(0, record.size()) == record) return true;
    if (text.find("\n" + std::string(record)) != std::string_view::npos) return true;
  }
  return false;
}

// "file:line:column(offset): reason" of gemmi's parser without what is said already
std::string reason_of(const std::exception& error, const std::string& file) {
  std::string reason = error.what();
  if (reason.compare(0, file.size() + 1, file + ":") == 0) reason.erase(0, file.size() + 1);
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  return reason;
}

gemmi::Structure parse_by_gemmi(std::string_view text, const std::string& file) {
  if (looks_like_mmcif(text)) {
    return gemmi::make_structure(parse_cif(text, file));
  }
  if (looks_like_pdb(text)) {
    return gemmi::read_pdb_from_memory(text.data(), text.size(), file);
  }
  fail(file,
       "the file is neither PDB nor mmCIF: it holds no ATOM records and does not begin with "
       "'data_'. Give a structure file.");
}

}  // namespace

Structure parse_structure(std::string_view text, const std::string& file) {
  try {
    return structure_of(parse_by_gemmi(text, file), file);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    fail(file, "cannot be read as a structure: " + reason_of(error, file) +
                   ". The file may be cut short; get it again.");
  }
}

Structure read_structure(const std::filesystem::path& path) {
  return parse_structure(read_text_file(path), path.string());
}

void write_structure(const std::filesystem::path& path, const Structure& structure,
                     const StructureMetadata& metadata) {
  const std::string ending = path.extension().string();
  if (ending == ".pdb" || ending == ".ent") {
    write_file_atomically(path, format_pdb(structure, metadata));
  } else if (ending == ".cif" || ending == ".mmcif") {
    write_file_atomically(path, format_mmcif(structure, metadata));
  } else {
    throw Error(ErrorKind::InvalidArgument,
                "cannot write '" + path.string() + "': the ending '" + ending +
                    "' is none of a structure format. Use .cif or .pdb.");
  }
}

}  // namespace foldstream::io
