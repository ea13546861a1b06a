#include "pairs.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/structure_file.hpp>
#include <foldstream/io/text_file.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <utility>

namespace foldstream::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

using ResidueKey = std::pair<int, char>;  // number and insertion code

ResidueKey key_of(const std::string& text) {
  const bool inserted = std::isalpha(static_cast<unsigned char>(text.back())) != 0;
  return {std::stoi(text), inserted ? text.back() : ' '};
}

std::vector<std::optional<io::Residue>> map_native(const json& meta, const fs::path& folder) {
  const io::Structure structure =
      io::read_structure(folder / meta.at("pdb_file").get<std::string>());
  std::map<ResidueKey, const io::Residue*> residues;
  for (const io::Chain& chain : structure.chains) {
    if (chain.id != meta.at("chain").get<std::string>()) continue;
    for (const io::Residue& residue : chain.residues)
      residues[{residue.number, residue.insertion}] = &residue;
  }
  std::vector<std::optional<io::Residue>> native;
  for (const json& number : meta.at("query_to_pdb_resnum")) {
    native.emplace_back();
    if (number.is_null()) continue;
    const auto found = residues.find(key_of(number.get<std::string>()));
    if (found != residues.end() && found->second->find("CA") != nullptr)
      native.back() = *found->second;
  }
  return native;
}

Pair read_pair(const fs::path& folder) try {
  const json meta = json::parse(io::read_text_file(folder / "meta.json"));
  Pair pair;
  pair.query.name = folder.filename().string();
  pair.query.residues = meta.at("query").get<std::string>();
  pair.alignment = folder / "msa.a3m.gz";
  pair.rows = meta.at("Nseq").get<int>();
  pair.depth = meta.at("Neff80_over_sqrtL").get<double>();
  pair.fold_class = meta.at("fold_class").get<std::string>();
  pair.native = map_native(meta, folder);
  if (pair.native.size() != pair.query.length()) {
    throw Error(ErrorKind::Parse, (folder / "meta.json").string() +
                                      ": 'query_to_pdb_resnum' has not one entry a residue.");
  }
  return pair;
} catch (const json::exception& error) {
  throw Error(ErrorKind::Parse, (folder / "meta.json").string() + ": " + error.what());
}

std::optional<io::Vec3> contact_atom(const std::optional<io::Residue>& residue) {
  if (!residue) return std::nullopt;
  const io::Atom* atom = residue->find("CB");
  if (atom == nullptr) atom = residue->find("CA");
  return atom == nullptr ? std::nullopt : std::optional(atom->position);
}

}  // namespace

std::vector<Pair> read_pairs(const fs::path& folder, const std::vector<std::string>& names) {
  if (!fs::is_directory(folder)) {
    throw Error(ErrorKind::NotFound, "there is no folder '" + folder.string() +
                                         "' of proteins to fold. Name one by --pairs.");
  }
  std::vector<std::string> present;
  for (const auto& entry : fs::directory_iterator(folder))
    if (fs::exists(entry.path() / "meta.json")) present.push_back(entry.path().filename().string());
  std::sort(present.begin(), present.end());
  for (const std::string& name : names) {
    if (std::binary_search(present.begin(), present.end(), name)) continue;
    throw Error(ErrorKind::NotFound, "there is no protein '" + name + "' in '" + folder.string() +
                                         "'." + did_you_mean(name, present));
  }
  std::vector<Pair> pairs;
  for (const std::string& name : present) {
    const bool wanted = names.empty() || std::find(names.begin(), names.end(), name) != names.end();
    if (wanted) pairs.push_back(read_pair(folder / name));
  }
  return pairs;
}

std::vector<std::optional<io::Vec3>> native_ca(const Pair& pair) {
  std::vector<std::optional<io::Vec3>> points;
  for (const auto& residue : pair.native) {
    points.emplace_back();
    if (residue) points.back() = residue->find("CA")->position;
  }
  return points;
}

std::optional<double> native_distance(const Pair& pair, int i, int j) {
  const auto a = contact_atom(pair.native[static_cast<std::size_t>(i)]);
  const auto b = contact_atom(pair.native[static_cast<std::size_t>(j)]);
  if (!a || !b) return std::nullopt;
  return std::hypot(a->x - b->x, a->y - b->y, a->z - b->z);
}

}  // namespace foldstream::bench
