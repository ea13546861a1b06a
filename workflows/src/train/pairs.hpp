// Alignments with solved structures: what real coupling maps look like.
#pragma once

#include "chain.hpp"
#include "predict/couplings.hpp"

#include <foldstream/context.hpp>
#include <foldstream/io/msa.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace foldstream::workflows::train {

struct KnownPair {
  std::string name;
  io::Msa msa;
  Chain chain;  ///< of the query's residues
};

/// Reads every FOLDER/<name>/ with `msa.a3m.gz`, `native.pdb` and `meta.json`
/// (`query_to_pdb_resnum`: residue number in the structure of each query residue, null if absent),
/// by name. @throws Error{NotFound} if there is none, Error{Parse, Io} naming the file.
std::vector<KnownPair> read_pairs(const std::filesystem::path& folder);

/// The coupling map of an alignment, of its first 6,000 rows at most.
predict::PairMap map_of(const io::Msa& msa, const Context& context);

/// The coupling maps of the whole alignment and of random subsets of 1,500, 500 and 200 rows.
std::vector<predict::PairMap> maps_of(const KnownPair& pair, const Context& context);

}  // namespace foldstream::workflows::train
