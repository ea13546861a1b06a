// Compare: how near a model is to the native structure.
#pragma once

#include <foldstream/io/structure.hpp>
#include <foldstream/workflows/score/superposition.hpp>
#include <foldstream/workflows/score/tm_score.hpp>

#include <optional>
#include <string>
#include <vector>

namespace foldstream::workflows::score {

/// What makes two residues a pair.
enum class Mapping {
  Sequence,       ///< a global alignment of the two sequences
  ResidueNumber,  ///< equal number and insertion code
};

struct CompareOptions {
  Mapping mapping = Mapping::Sequence;
  std::string model_chain{};   ///< chain id; empty = the protein chain that matches best
  std::string native_chain{};  ///< chain id; empty = the protein chain that matches best
  int length = 0;              ///< also normalise the TM-score by this many residues; 0 = do not
  // speed only
  Search search = Search::Exhaustive;  ///< Sampled may find slightly lower scores
};

/// A residue of the model and the residue of the native that it stands for.
struct ResiduePair {
  int model_number = 0;  ///< as in the file
  int native_number = 0;
  char model_insertion = ' ';
  char native_insertion = ' ';
  char model_letter = 'X';
  char native_letter = 'X';
  double distance = 0;  ///< of the Cα atoms in the superposition of the TM-score, Å
  double lddt = 0;      ///< of this residue, 0–1

  friend bool operator==(const ResiduePair&, const ResiduePair&) = default;
};

/// Scores between 0 and 1, lengths in Å. Only residues with a Cα count.
struct Comparison {
  std::string model_chain;
  std::string native_chain;
  int model_length = 0;
  int native_length = 0;
  int mapped = 0;       ///< pairs of residues
  int identical = 0;    ///< pairs of the same letter
  double tm_score = 0;  ///< normalised by the native's length
  double d0 = 0;
  std::optional<double> tm_score_by_length;  ///< normalised by CompareOptions::length
  double gdt_ts = 0;                         ///< normalised by the native's length
  double gdt_ha = 0;
  double lddt = 0;                 ///< of Cα atoms, over all distances of the native
  double rmsd = 0;                 ///< over all pairs, after their own best superposition
  double tm_rmsd = 0;              ///< over all pairs, in the superposition of the TM-score
  Superposition superposition;     ///< of the TM-score; brings the model onto the native
  std::vector<ResiduePair> pairs;  ///< in chain order

  friend bool operator==(const Comparison&, const Comparison&) = default;
};

/// Compares the Cα atoms of two structures, chain against chain. Pure; deterministic.
/// @throws Error{InvalidArgument} if a structure has no residue with a Cα, fewer than 3 residues
///   can be paired, or an option is out of range; Error{NotFound} if a chain that was asked for
///   does not exist. The message names the structure and the chain.
Comparison compare(const io::Structure& model, const io::Structure& native,
                   const CompareOptions& options = {});

/// A table for people: one score a line.
std::string format_comparison(const Comparison& comparison);
/// The same and the residue pairs as one JSON object, with a newline at its end.
std::string format_comparison_json(const Comparison& comparison);

}  // namespace foldstream::workflows::score
