// Records of a FASTA file as a database keeps them, and what is counted while they go by.
#pragma once

#include "image.hpp"

#include <foldstream/context.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

namespace foldstream::workflows::search {

/// Counts, composition and digest of the records added so far.
class Census {
 public:
  void add(std::string_view header, std::span<const std::uint8_t> tokens);
  /// A head that describes them.
  ImageHead head() const;
  /// Whether they look like nucleotides: > 95 % A, C, G, T, N among ≥ 1000 residues.
  bool is_nucleotide_like() const;

 private:
  ImageHead head_;
  ContentDigest digest_;
};

/// What takes the records: a header without '>', and tokens 0–20.
using RecordSink =
    std::function<void(std::string_view header, std::span<const std::uint8_t> tokens)>;

/// Feeds the records of a FASTA file to `sink` in order; returns how many were skipped.
std::uint64_t each_record(const std::filesystem::path& fasta, const Context& context,
                          const RecordSink& sink);

/// Tells the listener of `context` if the census looks like nucleotides.
void warn_of_nucleotides(const Census& census, const std::filesystem::path& fasta,
                         const Context& context);

}  // namespace foldstream::workflows::search
