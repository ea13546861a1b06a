// The TMscore program of Zhang & Skolnick (2004, doi:10.1002/prot.20264) as the judge of models.
#pragma once

#include <foldstream/io/structure.hpp>

#include <optional>
#include <string>
#include <vector>

namespace foldstream::bench {

/// Whether a program called TMscore is on the PATH.
bool has_tm_program();

/// The TM-score of `model` to `native` over the residues that both have, normalised by their
/// number; both have an entry a residue of the same sequence. By the program, or by the library's
/// own search where the program is absent.
/// @throws Error{Io} if the program cannot be run or prints no score.
double judge_tm(const std::vector<std::optional<io::Vec3>>& model,
                const std::vector<std::optional<io::Vec3>>& native, const std::string& sequence);

}  // namespace foldstream::bench
