// Structure files: PDB and mmCIF, in and out.
#pragma once

#include <foldstream/io/structure.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace foldstream::io {

/// The protein residues of a PDB or mmCIF file, plain, gzip or zstd; which format is told by the
/// content, not the name. The first model; of alternate locations the first. Waters, ligands and
/// nucleic acids are left out. A chain without an id is called by the first free letter. The name
/// is the entry's, or else the file's without its ending.
/// @throws Error{NotFound, Io}; Error{Parse} naming the file if it is neither, is damaged, or holds
///         no protein residue.
Structure read_structure(const std::filesystem::path& path);

/// The same from text; `file` is its name in messages.
Structure parse_structure(std::string_view text, const std::string& file);

/// What a file says about a structure besides its atoms.
struct StructureMetadata {
  std::string title;               ///< one line; empty: the structure's name
  std::string software;            ///< what made it, "Foldstream 0.1.0"; may be empty
  bool b_factor_is_plddt = false;  ///< a predicted model: adds ModelCIF confidence tables
};

/// PDB format 3.3: HEADER, TITLE, ATOM, TER, END.
/// @throws Error{InvalidArgument} naming mmCIF as the cure if the format cannot hold it: more than
///         99,999 atoms, chain ids of more than one letter, residue numbers or coordinates too
///         wide; or if a coordinate is not finite.
std::string format_pdb(const Structure& structure, const StructureMetadata& metadata = {});

/// mmCIF (PDBx): entry, entities with their sequences, chains and atoms; with `b_factor_is_plddt`
/// also the local and global pLDDT as ModelCIF `_ma_qa_metric` tables.
/// @throws Error{InvalidArgument} if a coordinate is not finite or a chain has no id.
std::string format_mmcif(const Structure& structure, const StructureMetadata& metadata = {});

/// Writes ".pdb"/".ent" or ".cif"/".mmcif" by the ending of `path`, atomically.
/// @throws Error{InvalidArgument} for another ending or what the format cannot hold; Error{Io}.
void write_structure(const std::filesystem::path& path, const Structure& structure,
                     const StructureMetadata& metadata = {});

}  // namespace foldstream::io
