#include "score/residue_alignment.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/sequence.hpp>
#include <foldstream/workflows/score/compare.hpp>
#include <foldstream/workflows/score/lddt.hpp>

#include <string_view>
#include <vector>

namespace foldstream::workflows::score {
namespace {

/// The residues of a chain that have a Cα.
struct Trace {
  std::string chain;
  std::vector<ResidueLabel> labels;
  std::vector<io::Vec3> positions;
};

struct Match {
  Trace model;
  Trace native;
  IndexPairs pairs;
  int identical = -1;
};

Trace trace_of(const io::Chain& chain) {
  Trace trace{chain.id, {}, {}};
  for (const auto& residue : chain.residues) {
    const io::Atom* ca = residue.find("CA");
    // a calcium ion is called CA too
    if (ca == nullptr || (!ca->element.empty() && ca->element != "C")) continue;
    trace.labels.push_back({io::one_letter(residue.name), residue.number, residue.insertion});
    trace.positions.push_back(ca->position);
  }
  return trace;
}

std::string named(std::string_view role, const io::Structure& structure) {
  std::string text = "the ";
  text += role;
  return structure.name.empty() ? text : text + " '" + structure.name + "'";
}

/// The traces to choose from: that of chain `wanted`, or of all protein chains.
std::vector<Trace> traces_of(const io::Structure& structure, const std::string& wanted,
                             std::string_view role) {
  std::vector<Trace> traces;
  std::string ids;
  for (const auto& chain : structure.chains) {
    if (ids.find("'" + chain.id + "'") == std::string::npos)
      ids += (ids.empty() ? "'" : ", '") + chain.id + "'";
    if (!wanted.empty() && chain.id != wanted) continue;
    Trace trace = trace_of(chain);
    if (!trace.positions.empty()) traces.push_back(std::move(trace));
  }
  if (!traces.empty()) return traces;
  if (structure.chains.empty())
    throw Error(ErrorKind::InvalidArgument,
                named(role, structure) + " is empty. Give a structure with at least 3 residues.");
  if (!wanted.empty() && ids.find("'" + wanted + "'") == std::string::npos)
    throw Error(ErrorKind::NotFound, named(role, structure) + " has no chain '" + wanted +
                                         "'. Its chains are " + ids + ".");
  throw Error(ErrorKind::InvalidArgument, named(role, structure) +
                                              " has no residue with a Cα atom" +
                                              (wanted.empty() ? "" : " in chain '" + wanted + "'") +
                                              ". Only protein chains can be compared.");
}

IndexPairs pair_up(const Trace& model, const Trace& native, Mapping mapping) {
  return mapping == Mapping::Sequence ? align_letters(model.labels, native.labels)
                                      : match_numbers(model.labels, native.labels);
}

/// The chains with most identical pairs; the first such pair of chains on a tie.
Match best_match(const std::vector<Trace>& models, const std::vector<Trace>& natives,
                 Mapping mapping) {
  Match best;
  for (const auto& model : models) {
    for (const auto& native : natives) {
      IndexPairs pairs = pair_up(model, native, mapping);
      int identical = 0;
      for (const auto& [i, j] : pairs)
        identical += model.labels[i].letter == native.labels[j].letter ? 1 : 0;
      if (identical > best.identical) best = {model, native, std::move(pairs), identical};
    }
  }
  return best;
}

void check_enough(const Match& match, const io::Structure& model, const io::Structure& native,
                  Mapping mapping) {
  const std::size_t count = match.pairs.size();
  if (count >= 3) return;
  const bool by_sequence = mapping == Mapping::Sequence;
  const std::string who = named("model", model) + " (chain '" + match.model.chain + "', " +
                          std::to_string(match.model.labels.size()) + " residues) and " +
                          named("native", native) + " (chain '" + match.native.chain + "', " +
                          std::to_string(match.native.labels.size()) + " residues)";
  throw Error(ErrorKind::InvalidArgument,
              who +
                  (count == 0 ? " have no residue in common"
                              : " have only " + std::to_string(count) + " residues in common") +
                  (by_sequence ? " by sequence" : " by residue number") +
                  "; at least 3 are needed. Name other chains, or pair residues by " +
                  (by_sequence ? "number." : "sequence."));
}

Lddt lddt_of(const Match& match) {
  std::vector<std::optional<io::Vec3>> model(match.native.positions.size());
  for (const auto& [i, j] : match.pairs) model[j] = match.model.positions[i];
  return lddt_ca(model, match.native.positions);
}

ResiduePair describe(const ResidueLabel& model, const ResidueLabel& native) {
  ResiduePair pair;
  pair.model_number = model.number;
  pair.model_insertion = model.insertion;
  pair.model_letter = model.letter;
  pair.native_number = native.number;
  pair.native_insertion = native.insertion;
  pair.native_letter = native.letter;
  return pair;
}

/// Everything that follows from the pairs of residues.
Comparison score_match(const Match& match, const CompareOptions& options) {
  std::vector<io::Vec3> model, native;
  for (const auto& [i, j] : match.pairs) {
    model.push_back(match.model.positions[i]);
    native.push_back(match.native.positions[j]);
  }
  Comparison result;
  result.native_length = static_cast<int>(match.native.labels.size());
  const TmScore tm = search_tm_score(model, native, result.native_length, options.search);
  result.tm_score = tm.tm_score;
  result.d0 = tm.d0;
  result.gdt_ts = tm.gdt_ts;
  result.gdt_ha = tm.gdt_ha;
  result.superposition = tm.superposition;
  if (options.length > 0)
    result.tm_score_by_length =
        search_tm_score(model, native, options.length, options.search).tm_score;
  result.rmsd = rmsd(superpose(model, native), model, native);
  result.tm_rmsd = rmsd(tm.superposition, model, native);
  const Lddt lddt = lddt_of(match);
  result.lddt = lddt.global;
  for (std::size_t k = 0; k < match.pairs.size(); ++k) {
    const auto [i, j] = match.pairs[k];
    ResiduePair pair = describe(match.model.labels[i], match.native.labels[j]);
    pair.distance = rmsd(tm.superposition, {&model[k], 1}, {&native[k], 1});
    pair.lddt = lddt.per_residue[j];
    result.pairs.push_back(pair);
  }
  return result;
}

}  // namespace

Comparison compare(const io::Structure& model, const io::Structure& native,
                   const CompareOptions& options) {
  if (options.length < 0)
    throw Error(ErrorKind::InvalidArgument, "cannot normalise a TM-score by a length of " +
                                                std::to_string(options.length) +
                                                ". Give at least 1, or 0 to leave it out.");
  const Match match =
      best_match(traces_of(model, options.model_chain, "model"),
                 traces_of(native, options.native_chain, "native"), options.mapping);
  check_enough(match, model, native, options.mapping);
  Comparison result = score_match(match, options);
  result.model_chain = match.model.chain;
  result.native_chain = match.native.chain;
  result.model_length = static_cast<int>(match.model.labels.size());
  result.mapped = static_cast<int>(match.pairs.size());
  result.identical = match.identical;
  return result;
}

}  // namespace foldstream::workflows::score
