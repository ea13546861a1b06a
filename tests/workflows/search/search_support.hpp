// Sequences made up for the search tests: random ones, mutated families, and FASTA text of them.
#pragma once

#include <foldstream/io/fasta.hpp>
#include <foldstream/io/sequence.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace foldstream::test {

/// A number in [0, count), the same on every platform.
inline std::size_t pick(std::mt19937_64& random, std::size_t count) { return random() % count; }

/// Random residues; the letters repeat as often as they do in proteins, roughly.
inline std::string random_protein(std::mt19937_64& random, std::size_t length) {
  const std::string letters = "AAAAARRRNNDDDCQQEEEGGGGHHIIIKKKLLLLLMMFFPPSSSTTTWYYVVVV";
  std::string protein;
  for (std::size_t i = 0; i < length; ++i) protein += letters[pick(random, letters.size())];
  return protein;
}

/// A copy with `percent` of the residues redrawn and now and then one left out or put in.
inline std::string mutated(std::mt19937_64& random, const std::string& parent, unsigned percent) {
  std::string child;
  for (const char letter : parent) {
    const std::size_t fate = pick(random, 200);
    if (fate == 0) continue;
    if (fate == 1) child += random_protein(random, 3);
    child += pick(random, 100) < percent ? random_protein(random, 1)[0] : letter;
  }
  return child;
}

/// `family` mutated copies of `query` hidden among as many shuffled ones and `others` random ones.
inline std::vector<io::Sequence> made_up_database(const std::string& query, int family,
                                                  int others) {
  std::mt19937_64 random(7);
  std::vector<io::Sequence> sequences;
  for (int i = 0; i < family; ++i) {
    const std::string relative = mutated(random, query, 35 + static_cast<unsigned>(i) % 40);
    std::string decoy = relative;
    for (std::size_t k = decoy.size(); k > 1; --k) std::swap(decoy[k - 1], decoy[pick(random, k)]);
    sequences.push_back({"family_" + std::to_string(i), "a relative", relative});
    sequences.push_back({"decoy_" + std::to_string(i), "", decoy});
  }
  for (int i = 0; i < others; ++i) {
    const std::size_t length = 50 + pick(random, 300);
    sequences.push_back({"other_" + std::to_string(i), "", random_protein(random, length)});
  }
  return sequences;
}

inline std::vector<std::uint8_t> tokens_of(const std::string& residues) {
  std::vector<std::uint8_t> tokens;
  for (const char letter : residues) tokens.push_back(io::token_of(letter));
  return tokens;
}

}  // namespace foldstream::test
