// Byte and line sources: a file's bytes, decompressed on the way, and its lines.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace foldstream::io {

/// Gives the bytes of a file in order.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills the front of `buffer`; returns how many bytes, 0 only at the end.
  /// @throws Error{Io} if reading fails, Error{Parse} for damaged compressed data.
  virtual std::size_t read(std::span<char> buffer) = 0;
};

/// Opens a plain, gzip or zstd file, told by its first bytes. @throws Error{NotFound, Io}.
std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path);

/// A line, or a part of one that is longer than the buffer. Valid until the next is asked for.
struct Line {
  std::string_view text;   ///< without its line end, "\n" or "\r\n"
  std::size_t number = 0;  ///< from 1
  std::size_t column = 1;  ///< of the first byte of `text` in the line, from 1
  bool begins = true;      ///< `text` begins at the beginning of the line
  bool ends = true;        ///< `text` ends at the end of the line
};

/// Cuts a source into lines. Lines of up to 1 MiB come whole, longer ones in parts.
class LineScanner {
 public:
  explicit LineScanner(std::unique_ptr<ByteSource> source);
  /// Sets `line` to the next one; false at the end.
  bool next(Line& line);

 private:
  bool refill();
  void emit(Line& line, std::size_t end, bool ends);

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what was not given out yet
  std::size_t end_ = 0;    // of what was read
  std::size_t number_ = 1;
  std::size_t column_ = 1;
};

}  // namespace foldstream::io
