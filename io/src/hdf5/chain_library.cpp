#include "hdf5/calls.hpp"

#include <foldstream/io/chain_library.hpp>
#include <foldstream/io/sequence.hpp>

#include <algorithm>

namespace foldstream::io {
namespace {

using hdf5::Handle;

constexpr std::int64_t atoms = 14;

/// What the file holds, checked against each other.
struct Columns {
  std::vector<std::int64_t> offset;
  std::vector<std::int16_t> position;
  std::vector<std::int32_t> number;
  std::vector<std::uint8_t> residue, mask, held_out;
};

template <class T>
std::vector<T> read_column(const Handle& file, const std::string& name, const std::string& path) {
  const Handle dataset = hdf5::open_dataset(file, name);
  std::vector<T> values(
      static_cast<std::size_t>(element_count(hdf5::dataset_shape(dataset, name))));
  hdf5::read_dataset(dataset, hdf5::stored_type(dtype_of<T>()), values.data(), path + ":" + name);
  return values;
}

void check_count(bool good, const std::string& path, const std::string& name) {
  if (good) return;
  throw Error(ErrorKind::Parse, path + ": dataset '" + name +
                                    "' does not fit the others. Is this a chain library, whole?");
}

Columns read_columns(const std::string& path) {
  const hdf5::Lock lock;
  const Handle file = hdf5::open_file(path);
  Columns all;
  all.offset = read_column<std::int64_t>(file, "offset", path);
  all.position = read_column<std::int16_t>(file, "atom14_centi_angstrom", path);
  all.number = read_column<std::int32_t>(file, "residue_number", path);
  all.residue = read_column<std::uint8_t>(file, "aatype", path);
  all.mask = read_column<std::uint8_t>(file, "atom14_mask", path);
  all.held_out = read_column<std::uint8_t>(file, "near_dev_pair", path);
  return all;
}

void check_columns(const Columns& all, const std::string& path) {
  const std::size_t residues = all.residue.size();
  check_count(!all.offset.empty() && all.offset.front() == 0 &&
                  all.offset.back() == static_cast<std::int64_t>(residues) &&
                  std::is_sorted(all.offset.begin(), all.offset.end()),
              path, "offset");
  check_count(all.held_out.size() + 1 == all.offset.size(), path, "near_dev_pair");
  check_count(all.number.size() == residues, path, "residue_number");
  check_count(all.mask.size() == residues * atoms, path, "atom14_mask");
  check_count(all.position.size() == residues * atoms * 3, path, "atom14_centi_angstrom");
  check_count(std::all_of(all.residue.begin(), all.residue.end(), [](auto a) { return a < 20; }),
              path, "aatype");
}

Vec3 position(const Columns& all, std::size_t residue, std::size_t atom) {
  const std::int16_t* at = all.position.data() + (residue * atoms + atom) * 3;
  return {at[0] / 100.0, at[1] / 100.0, at[2] / 100.0};
}

LibraryChain chain_at(const Columns& all, std::size_t k) {
  LibraryChain chain;
  chain.is_held_out = all.held_out[k] != 0;
  chain.is_complete = true;
  for (auto r = static_cast<std::size_t>(all.offset[k]);
       r < static_cast<std::size_t>(all.offset[k + 1]); ++r) {
    chain.residues.push_back(all.residue[r]);
    chain.numbers.push_back(all.number[r]);
    chain.backbone.push_back(
        {position(all, r, 0), position(all, r, 1), position(all, r, 2), position(all, r, 3)});
    const std::uint8_t* mask = all.mask.data() + r * atoms;
    chain.is_complete = chain.is_complete && std::all_of(mask, mask + 4, [](auto m) { return m; });
  }
  return chain;
}

}  // namespace

std::vector<LibraryChain> read_chain_library(const std::filesystem::path& path) {
  const Columns all = read_columns(path.string());
  check_columns(all, path.string());
  std::vector<LibraryChain> chains;
  for (std::size_t k = 0; k + 1 < all.offset.size(); ++k) chains.push_back(chain_at(all, k));
  return chains;
}

}  // namespace foldstream::io
