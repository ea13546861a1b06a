// Work in blocks of rows: on the CPU each block is one thread's and fits its cache; on a device blocks
// follow each other and bound the memory.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <functional>

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

/// While it lives, blocks of the calling thread go over so many threads, and everything else that it
/// asks of LibTorch runs on one: so the same operations are done on the same numbers in the same order
/// whatever the number is, and results do not depend on it by a bit.
class BlockThreads {
 public:
  explicit BlockThreads(int count);
  ~BlockThreads();
  BlockThreads(const BlockThreads&) = delete;
  BlockThreads& operator=(const BlockThreads&) = delete;

 private:
  int blocks_before_;
  int torch_before_;
};

/// Calls body(i) for each i below `count`, on the threads of BlockThreads; the first exception is
/// rethrown at the end.
void over_threads(std::int64_t count, const std::function<void(std::int64_t)>& body);

/// Calls body(from, count) for blocks of `rows` of `total`. On the CPU several threads may be at it,
/// each with one operation at a time: the body writes to its own rows alone.
template <class Body>
void for_blocks(std::int64_t total, std::int64_t rows, bool is_cpu, const Body& body) {
  const std::int64_t blocks = (total + rows - 1) / rows;
  const auto one = [&](std::int64_t i) { body(i * rows, std::min(rows, total - i * rows)); };
  if (is_cpu) return over_threads(blocks, one);
  for (std::int64_t i = 0; i < blocks; ++i) one(i);
}

}  // namespace foldstream::workflows::predict::esmfold
