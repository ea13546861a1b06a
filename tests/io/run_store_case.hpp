// What the tests of the run store share: tasks by number, damage, and a small disk.
#pragma once

#include "test_support.hpp"

#include <foldstream/io/run_store.hpp>

#include <sys/mount.h>

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

/// Collects what the store reports.
struct Damages {
  std::vector<Damage> seen;
  ReportDamage report() {
    return [this](const Damage& damage) { seen.push_back(damage); };
  }
};

inline void flip_byte(const fs::path& path, std::uint64_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at));
  const auto byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

/// A small file system of its own, if mounting is permitted.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& size = "size=1m") {
    is_mounted_ = mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, size.c_str()) == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) umount(folder_.path().c_str());
  }
  bool is_mounted() const { return is_mounted_; }
  const fs::path& path() const { return folder_.path(); }
  bool make_read_only() const {
    return mount("tmpfs", path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m") == 0;
  }

 private:
  TemporaryFolder folder_;
  bool is_mounted_ = false;
};

}  // namespace foldstream::io
