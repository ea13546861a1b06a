// A file that is written piece by piece and removed unless it is kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace foldstream::workflows::search {

/// Buffered writing with every error checked. One thread at a time.
class OutputFile {
 public:
  /// @throws foldstream::Error{Io} naming the path and the reason, here and below.
  explicit OutputFile(std::filesystem::path path);
  /// Removes the file unless `rename_to` has succeeded.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* data, std::size_t bytes);
  /// Appends the content of `other` so far.
  void append(OutputFile& other);
  /// Writes over the first bytes of the file.
  void overwrite_start(const void* data, std::size_t bytes);
  /// Makes the file durable and gives it its final name.
  void rename_to(const std::filesystem::path& final_path);

 private:
  void flush();
  void write_at(const char* data, std::size_t bytes, std::uint64_t offset);
  [[noreturn]] void fail(const char* action) const;

  std::filesystem::path path_;
  int file_ = -1;
  std::uint64_t written_ = 0;
  std::vector<char> buffer_;
};

}  // namespace foldstream::workflows::search
