#include "run_store_files.hpp"

#include <utility>

namespace foldstream::io {

namespace {

namespace fs = std::filesystem;

/// The first file of this rank that does not exist yet.
fs::path next_generation(const fs::path& ranks, const std::string& stem) {
  for (int generation = 0;; ++generation) {
    fs::path path = ranks / (stem + "-g" + std::to_string(generation) + ".h5");
    if (!fs::exists(fs::symlink_status(path))) return path;
  }
}

/// Keeps the first of several failures.
class FirstFailure {
 public:
  template <class Action>
  bool guard(Action&& action) try {
    action();
    return true;
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
    return false;
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::exception_ptr failure_;
};

}  // namespace

TaskRecord RankFiles::append(const Key& key, const StoredTask& task) {
  const std::scoped_lock lock(mutex_);
  try {
    TaskRecord record = file().append(key, task);
    ++tasks_in_file_;
    if (unsynced_.empty() || unsynced_.back() != file_) unsynced_.push_back(file_);
    return record;
  } catch (...) {
    give_up_file();
    throw;
  }
}

void RankFiles::sync() {
  FirstFailure failure;
  std::vector<std::shared_ptr<hdf5::TensorFile>> files;
  bool is_folder_unsynced = false;
  {
    const std::scoped_lock lock(mutex_);
    files = std::exchange(unsynced_, {});
    is_folder_unsynced = std::exchange(is_folder_unsynced_, false);
    if (file_ && !files.empty() && files.back() == file_ &&
        !failure.guard([&] { file_->flush(); })) {
      give_up_file();
    }
  }
  for (const auto& file : files) {  // without the lock: others write meanwhile
    if (failure.guard([&] { file->sync_bytes(); })) continue;
    const std::scoped_lock lock(mutex_);
    if (file == file_) give_up_file();
  }
  if (is_folder_unsynced) failure.guard([&] { sync_folder(ranks_); });
  failure.rethrow();
}

void RankFiles::close() {
  FirstFailure failure;
  {
    const std::scoped_lock lock(mutex_);
    const auto file = std::exchange(file_, nullptr);
    tasks_in_file_ = 0;
    if (file) failure.guard([&] { file->close(); });
  }
  failure.guard([&] { sync(); });
  failure.rethrow();
}

hdf5::TensorFile& RankFiles::file() {
  if (!file_) {
    file_ = std::make_shared<hdf5::TensorFile>(next_generation(ranks_, stem_));
    is_folder_unsynced_ = true;
  }
  return *file_;
}

/// After an error HDF5's idea of the file cannot be trusted: what the journal holds stays, the
/// next task begins another file.
void RankFiles::give_up_file() noexcept {
  if (!file_) return;
  file_->abandon();
  std::error_code ignored;
  if (tasks_in_file_ == 0) fs::remove(file_->path(), ignored);
  file_.reset();
  tasks_in_file_ = 0;
}

}  // namespace foldstream::io
