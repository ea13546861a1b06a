// How fast chunks of a stream are written behind, against plain files of the same bytes.
#pragma once

#include <cstdint>
#include <filesystem>

namespace foldstream::bench {

/// Seconds to get `chunks` chunks of `chunk_bytes` bytes into a fresh file of `rank` in `folder`, where
/// it is left.
struct WriteTimes {
  double written = 0;  ///< they are with the operating system
  double synced = 0;   ///< and on the disk
};

/// With write() and fdatasync().
WriteTimes write_plainly(const std::filesystem::path& folder, std::uint64_t chunk_bytes, int chunks,
                         int rank = 0);

/// Through a RunStore: the first time is until the last chunk is stored (its journal frame too), the
/// second until the stream is finished.
WriteTimes write_behind(const std::filesystem::path& folder, std::uint64_t chunk_bytes, int chunks,
                        int rank = 0);

}  // namespace foldstream::bench
