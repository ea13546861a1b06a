// The alphabets of the language model and of the folding model.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace foldstream::workflows::predict::esmfold {

/// Tokens of ESM-2, in the order of its embedding:
/// <cls> <pad> <eos> <unk> L A G V S E R T I D P K Q N F Y M H W C X B U Z O . - <null_1> <mask>
inline constexpr std::int64_t cls_token = 0;
inline constexpr std::int64_t pad_token = 1;
inline constexpr std::int64_t eos_token = 2;

/// Residue types of the folding model: A R N D C Q E G H I L K M F P S T W Y V, then the unknown.
inline constexpr std::int64_t unknown_residue = 20;

/// The language model's token of each residue type.
inline constexpr std::array<std::int64_t, 21> token_of_residue = {
    5, 10, 17, 13, 23, 16, 9, 6, 21, 12, 4, 15, 20, 18, 14, 8, 11, 22, 19, 7, 24};

/// Types of one-letter codes; what is none of the twenty is unknown.
std::vector<std::int64_t> residue_types(std::string_view residues);

}  // namespace foldstream::workflows::predict::esmfold
