// TensorFile: the HDF5 file of one rank and generation; tasks are appended, nothing is ever freed.
#pragma once

#include "../run_store_record.hpp"
#include "output_file.hpp"

#include <span>

namespace foldstream::io::hdf5 {

/// Writes tasks as groups of chunked datasets. Not thread-safe, but takes the Lock as needed.
class TensorFile {
 public:
  /// Makes the file, which must not exist. @throws Error{Io}
  explicit TensorFile(const std::filesystem::path& path) : file_(path) {}

  const std::filesystem::path& path() const { return file_.path(); }

  /// Adds a task under "/targets/<target>/<task>", or "…~2" and so on if that is taken, and makes
  /// it durable. Earlier tasks keep their bytes and places. After an error the file must be
  /// abandoned.
  /// @throws Error{Io} if there is no room or writing fails.
  TaskRecord append(const Key& key, const StoredTask& task);

  /// As OutputFile.
  void close() { file_.close(); }
  void abandon() noexcept { file_.abandon(); }

 private:
  void write_task(TaskRecord& record, const Key& key, const StoredTask& task);

  OutputFile file_;
  std::map<std::string, int> groups_;  ///< by path, how many were made
};

/// Whether each of the records, all of this file, can be found by name in its HDF5 structure, with
/// the shape and places of the record. All false if the file cannot be opened.
std::vector<bool> find_tasks(const std::filesystem::path& path,
                             std::span<const TaskRecord> records);

}  // namespace foldstream::io::hdf5
