// What the tests of the run store share: tasks by number, and damage.
#pragma once

#include "io/failing_disk.hpp"
#include "test_support.hpp"

#include <foldstream/io/run_store.hpp>

namespace foldstream::io {

namespace fs = std::filesystem;
using test::TemporaryFolder;

inline Key key_for(std::uint64_t number) { return key_of("task " + std::to_string(number)); }

/// A task whose tensors follow from `number`: text, a matrix of some KiB, and nothing.
inline StoredTask task_for(std::uint64_t number, std::int64_t rows = 40) {
  Tensor matrix(DType::f32, {rows, 25});
  std::mt19937_64 random(number);
  for (float& value : matrix.mutable_values<float>()) value = static_cast<float>(random() >> 40);
  Record map = {{"distances", {std::move(matrix), "angstrom", {"residue", "bin"}}},
                {"name", text_field("task " + std::to_string(number))}};
  Record empty = {{"rows", {Tensor(DType::i32, {0, 7}), "1", {"row", "column"}}}};
  return {"P" + std::to_string(number), "predict", 0.25, {{"map", map}, {"rest", empty}}};
}

inline void flip_byte(const fs::path& path, std::uint64_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at));
  const auto byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

}  // namespace foldstream::io
