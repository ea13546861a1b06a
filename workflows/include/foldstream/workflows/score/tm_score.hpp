// TM-score and GDT of two sets of paired points, by a search over superpositions.
#pragma once

#include <foldstream/io/structure.hpp>
#include <foldstream/workflows/score/superposition.hpp>

#include <span>

namespace foldstream::workflows::score {

/// How many seed fragments the search starts from.
enum class Search {
  Exhaustive,  ///< every fragment of every length: what the TMscore program does
  Sampled,     ///< at most 24 fragments of each length: for many pairs; rarely 0.01 below
};

/// The best scores found. TM-score and GDT have superpositions of their own.
struct TmScore {
  double tm_score = 0;          ///< 0–1
  double d0 = 0;                ///< Å, the distance scale used
  double gdt_ts = 0;            ///< 0–1; cutoffs 1, 2, 4, 8 Å
  double gdt_ha = 0;            ///< 0–1; cutoffs 0.5, 1, 2, 4 Å
  Superposition superposition;  ///< of the best TM-score; brings `model` onto `native`
};

/// d0 of a protein of `length` residues, Å: 1.24 (length − 15)^⅓ − 1.8, at least 0.5
/// (Zhang & Skolnick 2004).
double tm_d0(int length);

/// The search of Zhang & Skolnick (2004): superpose every fragment of n, n/2, n/4 … 4 pairs, then
/// again and again the pairs that came close, until they stay the same (at most 20 times). The
/// TM-score and the count for each GDT cutoff are the largest met on the way. Pure; deterministic.
/// @param length  residues by which all scores are normalised, and which give d0; ≥ 1.
/// @throws Error{InvalidArgument} if the sizes differ, there are fewer than 3 pairs, or length < 1.
TmScore search_tm_score(std::span<const io::Vec3> model, std::span<const io::Vec3> native,
                        int length, Search search = Search::Exhaustive);

/// The TM-score of `a` to `b`, paired by index and normalised by their number.
/// @throws Error{InvalidArgument} as `search_tm_score`.
double tm_score(std::span<const io::Vec3> a, std::span<const io::Vec3> b,
                Search search = Search::Exhaustive);

}  // namespace foldstream::workflows::score
