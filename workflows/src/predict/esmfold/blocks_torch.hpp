// Work in blocks of rows: on the CPU each block is one thread's and fits its cache; on a device blocks
// follow each other and bound the memory.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

namespace foldstream::workflows::predict::esmfold {

/// Rows of a block.
struct BlockSize {
  int asked = 0;                                ///< by the user; 0 = chosen
  std::int64_t device_bytes = std::int64_t{1} << 28;  ///< of temporaries on a device

  /// @param columns  positions of a row
  /// @param width  numbers that are held for a position
  std::int64_t rows(std::int64_t count, std::int64_t columns, std::int64_t width,
                    bool is_cpu) const {
    constexpr std::int64_t positions_in_cache = 512;
    if (asked > 0) return std::clamp<std::int64_t>(asked, 1, std::max<std::int64_t>(count, 1));
    const std::int64_t positions =
        is_cpu ? positions_in_cache : device_bytes / (4 * std::max<std::int64_t>(width, 1));
    return std::clamp<std::int64_t>(positions / std::max<std::int64_t>(columns, 1), 1,
                                    std::max<std::int64_t>(count, 1));
  }
};

/// Calls body(from, count) for blocks of `rows` of `total`. On the CPU several threads may be at it,
/// each with one operation at a time: the body writes to its own rows alone.
template <class Body>
void for_blocks(std::int64_t total, std::int64_t rows, bool is_cpu, const Body& body) {
  const std::int64_t blocks = (total + rows - 1) / rows;
  const auto run = [&](std::int64_t begin, std::int64_t end) {
    const c10::InferenceMode guard;
    for (std::int64_t i = begin; i < end; ++i) body(i * rows, std::min(rows, total - i * rows));
  };
  if (is_cpu)
    at::parallel_for(0, blocks, 1, run);
  else
    run(0, blocks);
}

}  // namespace foldstream::workflows::predict::esmfold
