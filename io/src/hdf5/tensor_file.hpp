// TensorFile: the HDF5 file of one rank and generation; tasks are appended, nothing is ever freed.
#pragma once

#include "../run_store_record.hpp"
#include "output_file.hpp"

#include <span>

namespace foldstream::io::hdf5 {

/// What the attributes of a task's group say besides its key.
struct TaskFacts {
  std::string_view target;
  std::string_view task;
  double seconds = 0;
};

/// Makes the group of a task, with attributes, at `path`. Hold a Lock. @throws Error{Io}
Handle create_task_group(const Handle& file, const std::string& path, const Key& key,
                         const TaskFacts& facts);

/// Writes tasks as groups of chunked datasets. Not thread-safe, but takes the Lock as needed.
class TensorFile {
 public:
  /// Makes the file, which must not exist. @throws Error{Io}
  explicit TensorFile(const std::filesystem::path& path) : file_(path) {}

  const std::filesystem::path& path() const { return file_.path(); }

  /// Adds a task under "/targets/<target>/<task>", or "…~2" and so on if that is taken. The bytes
  /// of its tensors are with the operating system when it returns, the structure after `flush`.
  /// Earlier tasks keep their bytes and places. After an error the file must be abandoned.
  /// @throws Error{Io} if there is no room or writing fails.
  TaskRecord append(const Key& key, const StoredTask& task);

  /// As OutputFile.
  void flush() { file_.flush(); }
  void sync_bytes() { file_.sync_bytes(); }
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
