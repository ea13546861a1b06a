// From candidates to hits and rows: tracebacks, identities, A3M and profile rows.
#pragma once

#include "scan.hpp"

#include <foldstream/io/sequence.hpp>
#include <foldstream/workflows/search/search.hpp>

#include <vector>

namespace foldstream::workflows::search {

/// A hit with its row.
struct AlignedHit {
  Hit hit;
  io::MsaRow row;
};

/// Aligns the candidates on the threads of `context`; in their order.
std::vector<AlignedHit> align(const std::vector<Candidate>& candidates, const Scorer& scorer,
                              std::span<const std::uint8_t> query, const Database& database,
                              const Context& context);

/// The row as a profile sees it: outside its ends it says nothing.
ProfileRow profile_row(const AlignedHit& aligned);

/// Tokens of a query, gaps not allowed.
/// @throws foldstream::Error{InvalidArgument} as `search` says.
std::vector<std::uint8_t> query_tokens(const io::Sequence& query);

}  // namespace foldstream::workflows::search
