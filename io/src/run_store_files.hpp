// RankFiles: the HDF5 files that one process writes, one generation after the other.
#pragma once

#include "hdf5/tensor_file.hpp"

#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace foldstream::io {

/// Appends tasks to the newest file; after an error it begins another. Thread-safe.
class RankFiles {
 public:
  /// @param stem "r0007". Makes no file before the first `append`.
  RankFiles(std::filesystem::path ranks, std::string stem)
      : ranks_(std::move(ranks)), stem_(std::move(stem)) {}

  /// Writes a task: the bytes of its tensors are with the operating system when it returns, the
  /// HDF5 structure around them after `sync`. @throws Error{Io}; then the file is given up.
  TaskRecord append(const Key& key, const StoredTask& task);
  /// Makes durable all that was appended before. @throws Error{Io}; then the file is given up.
  void sync();
  /// Syncs, and closes the file; the next `append` begins another. @throws Error{Io}
  void close();

 private:
  hdf5::TensorFile& file();
  void give_up_file() noexcept;

  const std::filesystem::path ranks_;
  const std::string stem_;

  std::mutex mutex_;  ///< for what follows
  std::shared_ptr<hdf5::TensorFile> file_;
  int tasks_in_file_ = 0;
  std::vector<std::shared_ptr<hdf5::TensorFile>> unsynced_;  ///< those given up among them
  bool is_folder_unsynced_ = false;
};

}  // namespace foldstream::io
