#include "pairs.hpp"
#include "predict/alignment.hpp"
#include "predict/random.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/a3m.hpp>
#include <foldstream/io/sequence.hpp>
#include <foldstream/io/structure_file.hpp>
#include <foldstream/io/text_file.hpp>
#include <foldstream/store.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>

namespace foldstream::workflows::train {
namespace {

namespace fs = std::filesystem;
using predict::PairMap;

constexpr double pseudocount = 0.5;
constexpr int most_rows = 6000;

/// Residue numbers in the structure; "" where the query's residue has none.
std::vector<std::string> residue_numbers(const fs::path& file) {
  try {
    std::vector<std::string> numbers;
    const auto meta = nlohmann::json::parse(io::read_text_file(file));
    for (const auto& number : meta.at("query_to_pdb_resnum")) {
      numbers.push_back(number.is_string() ? number.get<std::string>() : number.dump());
    }
    return numbers;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::Parse, file.string() + ": " + error.what());
  }
}

std::string number_of(const io::Residue& residue) {
  std::string text = std::to_string(residue.number);
  if (residue.insertion != ' ') text += residue.insertion;
  return text;
}

bool has_backbone(const io::Residue& residue) {
  return residue.find("N") && residue.find("CA") && residue.find("C") && residue.find("O");
}

Chain chain_of(const fs::path& folder, const std::string& query) {
  const std::vector<std::string> numbers = residue_numbers(folder / "meta.json");
  const io::Structure native = io::read_structure(folder / "native.pdb");
  std::map<std::string, const io::Residue*> by_number;
  for (const io::Chain& chain : native.chains) {
    for (const io::Residue& residue : chain.residues) {
      by_number.emplace(number_of(residue), &residue);
    }
  }
  io::LibraryChain chain;
  std::vector<std::uint8_t> known(query.size(), 0);
  chain.backbone.resize(query.size());
  for (std::size_t i = 0; i < query.size(); ++i) {
    chain.residues.push_back(std::min<std::uint8_t>(io::token_of(query[i]), io::unknown_token));
    chain.numbers.push_back(static_cast<int>(i));
    const auto found = i < numbers.size() ? by_number.find(numbers[i]) : by_number.end();
    if (found == by_number.end() || !has_backbone(*found->second)) continue;
    const io::Residue& residue = *found->second;
    known[i] = 1;
    chain.backbone[i] = {residue.find("N")->position, residue.find("CA")->position,
                         residue.find("C")->position, residue.find("O")->position};
  }
  return describe(chain, known);
}

/// The query and `count` − 1 other rows.
io::Msa subset(const io::Msa& msa, std::size_t count, predict::Random& random) {
  std::vector<std::size_t> order(msa.rows.size() - 1);
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k + 1;
  for (std::size_t k = 0; k + 1 < count; ++k) {
    const auto other =
        k + static_cast<std::size_t>(random.uniform() * static_cast<double>(order.size() - k));
    std::swap(order[k], order[other]);
  }
  io::Msa part;
  part.rows.push_back(msa.rows.front());
  for (std::size_t k = 0; k + 1 < count; ++k) part.rows.push_back(msa.rows[order[k]]);
  return part;
}

}  // namespace

std::vector<KnownPair> read_pairs(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (fs::exists(entry.path() / "native.pdb")) folders.push_back(entry.path());
  }
  if (folders.empty()) {
    throw Error(ErrorKind::NotFound, folder.string() +
                                         ": no folder in it has a 'native.pdb'; expected "
                                         "<name>/{msa.a3m.gz,native.pdb,meta.json}.");
  }
  std::sort(folders.begin(), folders.end());
  std::vector<KnownPair> pairs;
  for (const fs::path& own : folders) {
    KnownPair pair;
    pair.name = own.filename().string();
    pair.msa = io::read_a3m(own / "msa.a3m.gz");
    pair.chain = chain_of(own, io::aligned(pair.msa.rows.front()));
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

PairMap map_of(const io::Msa& msa, const Context& context) {
  const auto alignment = predict::read_alignment(msa, most_rows, context);
  return predict::coupling_scores(predict::invert(alignment, pseudocount, context));
}

std::vector<PairMap> maps_of(const KnownPair& pair, const Context& context) {
  predict::Random random(1, key_of(pair.name).low);
  std::vector<PairMap> maps = {map_of(pair.msa, context)};
  for (const std::size_t count : {1500U, 500U, 200U}) {
    if (count >= pair.msa.rows.size()) continue;
    maps.push_back(map_of(subset(pair.msa, count, random), context));
  }
  return maps;
}

}  // namespace foldstream::workflows::train
