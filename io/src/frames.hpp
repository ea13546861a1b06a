// Frames: checksummed records in an append-only file, found again whatever was torn or damaged.
#pragma once

#include "run_store_file.hpp"

#include <foldstream/store.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace foldstream::io {

/// One whole frame. `body` is valid only while it is looked at.
struct Frame {
  Key key;
  std::int64_t time = 0;  ///< ns since 1970
  std::uint64_t offset = 0;
  std::uint32_t length = 0;  ///< of the whole frame, bytes
  std::string_view body;
};

/// What a scan found.
struct FrameScan {
  std::uint64_t end = 0;      ///< behind the last whole frame: where the next one belongs
  std::uint64_t skipped = 0;  ///< damaged bytes that have whole frames behind them
};

/// Calls `found` for each whole frame between `from` and `to` (or the end of the file), in order.
/// What follows the last whole frame is a torn tail and is left out; damage before it is skipped.
/// @param magic  four bytes. @throws Error{Io} if reading fails.
FrameScan scan_frames(const File& file, std::uint64_t from, std::uint64_t to,
                      std::string_view magic, const std::function<void(const Frame&)>& found);

/// Appends a frame to `bytes`. @throws Error{Unsupported} if the body is too long for one.
void append_frame(std::string& bytes, std::string_view magic, const Key& key, std::int64_t time,
                  std::string_view body);

}  // namespace foldstream::io
