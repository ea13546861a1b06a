// NpyFile: an array in NumPy's own format, written row by row.
#pragma once

#include "run_store_file.hpp"

#include <foldstream/tensor.hpp>

namespace foldstream::io {

/// Makes a file of format 1.0. Rows may be appended until it is finished.
class NpyFile {
 public:
  /// @param row  shape of one element along the first axis. @throws Error{Io}
  NpyFile(const std::filesystem::path& path, DType dtype, Shape row);

  /// `rows` more along the first axis. @throws Error{Io}
  void append(std::span<const std::byte> bytes, std::int64_t rows);
  /// Writes the shape and syncs. @throws Error{Io}
  void finish() { finish(true); }
  /// The same for an array without axes, of one element.
  void finish_scalar() { finish(false); }

 private:
  void finish(bool has_rows);

  File file_;
  DType dtype_;
  Shape row_;
  std::int64_t rows_ = 0;
  std::uint64_t head_bytes_;
  std::uint64_t end_;
};

}  // namespace foldstream::io
