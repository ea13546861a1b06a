#include "halves.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

namespace foldstream::workflows::train {
namespace {

constexpr int shared_words = 6;
constexpr std::size_t shortest = 30;

/// The distinct stretches of four residues of a chain.
std::vector<int> words_of(const Chain& chain) {
  std::vector<int> words;
  int word = 0;
  for (std::size_t i = 0; i < chain.residues.size(); ++i) {
    word = (word * 20 + chain.residues[i]) % 160'000;
    if (i >= 3) words.push_back(word);
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

}  // namespace

std::vector<int> find_families(const std::vector<Chain>& chains) {
  std::vector<std::vector<int>> holders(160'000);
  std::vector<int> parent(chains.size());
  std::iota(parent.begin(), parent.end(), 0);
  const auto root = [&](int k) {
    while (parent[static_cast<std::size_t>(k)] != k) k = parent[static_cast<std::size_t>(k)];
    return k;
  };
  for (std::size_t own = 0; own < chains.size(); ++own) {
    std::map<int, int> shared;
    for (const int word : words_of(chains[own])) {
      for (const int other : holders[static_cast<std::size_t>(word)]) ++shared[other];
      holders[static_cast<std::size_t>(word)].push_back(static_cast<int>(own));
    }
    for (const auto& [other, count] : shared) {
      if (count < shared_words) continue;
      const int a = root(other);
      const int b = root(static_cast<int>(own));
      parent[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
    }
  }
  std::vector<int> first(chains.size());
  for (std::size_t k = 0; k < chains.size(); ++k) first[k] = root(static_cast<int>(k));
  return first;
}

std::vector<int> split_into_halves(const std::vector<Chain>& chains) {
  const std::vector<int> cluster = find_families(chains);
  std::vector<int> half(chains.size(), 0);
  std::array<std::size_t, 2> sizes{};
  std::map<int, int> chosen;
  for (std::size_t k = 0; k < chains.size(); ++k) {
    const auto [place, is_new] = chosen.emplace(cluster[k], sizes[1] < sizes[0] ? 1 : 0);
    half[k] = place->second;
    sizes[static_cast<std::size_t>(half[k])] += chains[k].residues.size();
  }
  return half;
}

std::vector<Chain> training_chains(const std::filesystem::path& library) {
  std::vector<Chain> chains;
  for (const io::LibraryChain& chain : io::read_chain_library(library)) {
    if (chain.is_held_out || !chain.is_complete || chain.residues.size() < shortest) continue;
    chains.push_back(describe(chain));
  }
  if (chains.size() < 2) {
    throw Error(ErrorKind::InvalidArgument, library.string() +
                                                " has no two complete chains to train on (chains "
                                                "marked near_dev_pair are left out).");
  }
  return chains;
}

}  // namespace foldstream::workflows::train
