// Sequence: one protein sequence, and the alphabet of the house.
#pragma once

#include <foldstream/codec.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foldstream::io {

/// The twenty amino acids in the order of all our tensors; then X (unknown) and '-' (gap).
inline constexpr std::string_view amino_acids = "ARNDCQEGHILKMFPSTWYV";
inline constexpr std::uint8_t unknown_token = 20;
inline constexpr std::uint8_t gap_token = 21;
inline constexpr int token_count = 22;

/// The token of a one-letter code, either case: 0–19; B, J, O, U, X, Z → 20; '-' and '.' → 21.
/// 255 for anything else.
std::uint8_t token_of(char letter);
/// 'A'…'V', 'X', '-'.
char letter_of(std::uint8_t token);

/// "ALA" for 'A'; "UNK" if it has no standard name.
std::string_view three_letter(char letter);
/// 'A' for "ALA" and for its common modifications and protonation states (MSE → M, HIE → H, CYX → C);
/// 'X' if unknown.
char one_letter(std::string_view residue_name);

struct Sequence {
  std::string name;         ///< the first word of its header
  std::string description;  ///< the rest of its header
  std::string residues;     ///< upper-case one-letter codes; of a complex those of all chains
  /// Of a complex: residues of each chain, two or more. Empty: one chain.
  std::vector<std::uint32_t> chain_lengths = {};

  std::size_t length() const noexcept { return residues.size(); }
  std::vector<std::string> chains() const;
  friend bool operator==(const Sequence&, const Sequence&) = default;
};

}  // namespace foldstream::io

namespace foldstream {
template <>
struct Codec<io::Sequence> {
  static constexpr std::string_view name = "sequence";
  static Record encode(const io::Sequence& sequence);
  static io::Sequence decode(const Record& record);
};
}  // namespace foldstream
