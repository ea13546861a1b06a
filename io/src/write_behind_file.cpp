// WriteBehind: its files, from the first chunk to the last sync.
#include "write_behind.hpp"

#include <algorithm>
#include <utility>

namespace foldstream::io {

namespace {

namespace fs = std::filesystem;

/// The first stream file of this rank that does not exist yet.
fs::path next_generation(const fs::path& ranks, const std::string& stem) {
  for (int generation = 0;; ++generation) {
    fs::path path = ranks / (stem + "-s" + std::to_string(generation) + ".h5");
    if (!fs::exists(fs::symlink_status(path))) return path;
  }
}

}  // namespace

std::exception_ptr WriteBehind::failure_of(const StreamLabel& label,
                                           const std::exception_ptr& failure) {
  const std::string what = "cannot store chunks of stream " + to_string(label) + ": ";
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return std::make_exception_ptr(Error(error.kind(), what + error.what()));
  } catch (const std::exception& error) {
    return std::make_exception_ptr(Error(ErrorKind::Io, what + error.what()));
  }
}

WriteBehind::FilePointer WriteBehind::file() {
  if (!file_) {
    file_ = std::make_shared<hdf5::StreamFile>(next_generation(ranks_, stem_));
    sync_folder(ranks_);
  }
  return file_;
}

void WriteBehind::retire(std::unique_lock<std::mutex>& lock) {
  const std::vector<BegunPointer> retired = std::exchange(retired_, {});
  if (retired.empty()) return;
  lock.unlock();
  try {
    for (const BegunPointer& stream : retired) {
      if (stream->file && stream->file == file_) file_->finish(stream->dataset, false);
    }
  } catch (...) {
    give_up_file();  // as after any other failure of HDF5
  }
  lock.lock();
}

void WriteBehind::fail_all(const std::exception_ptr& failure) {
  for (auto& [id, stream] : streams_) {
    if (!stream->failure) stream->failure = failure_of(stream->label, failure);
  }
}

void WriteBehind::sync_if_due(std::unique_lock<std::mutex>& lock) {
  if (syncing_ != 0 || !has_unsynced()) return;
  const auto now = Clock::now();
  if (!is_sync_wanted_ && unsynced_bytes_ < most_unsynced && now < unsynced_since_ + sync_gap) {
    return;
  }
  is_sync_wanted_ = false;
  unsynced_bytes_ = 0;
  unsynced_since_ = now;
  const std::uint64_t batch = batch_;
  if (!file_) {  // nothing was written, or it was synced when the file was given up
    synced_ = batch;
    settled_.notify_all();
    return;
  }
  lock.unlock();
  std::exception_ptr failure;
  try {
    file_->flush();
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  syncing_ = batch;
  if (!failure) return sync_->start(file_);
  lock.unlock();
  on_synced(failure);
  lock.lock();
}

void WriteBehind::on_synced(std::exception_ptr failure) {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t batch = std::exchange(syncing_, 0);
  if (failure) {
    lost_ = std::max(lost_, batch);
    sync_failure_ = failure;
    is_file_lost_ = true;
  } else {
    synced_ = std::max(synced_, batch);
  }
  work_.notify_one();
  settled_.notify_all();
}

void WriteBehind::close_file(std::unique_lock<std::mutex>& lock) {
  const int asked = closing_;
  const std::uint64_t batch = batch_;
  lock.unlock();
  std::exception_ptr failure;
  try {
    close_file();
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  forget_file();
  if (failure) {
    lost_ = batch;
    sync_failure_ = close_failure_ = failure;
    fail_all(failure);
  } else {
    synced_ = std::max(synced_, batch);
  }
  closed_ = asked;
  settled_.notify_all();
}

void WriteBehind::close_file() {
  const FilePointer file = std::exchange(file_, nullptr);
  if (!file) return;
  chunks_in_file_ = 0;
  file->close();
  journal_.add_closed(file->path().filename().string(), file->size());
  journal_.write();
  journal_.sync();
  index_.refresh(stream_journal_path(ranks_, stem_));
}

/// What was stored in it stays; the next chunk begins another file.
void WriteBehind::give_up_file() noexcept {
  journal_.discard();
  const FilePointer file = std::exchange(file_, nullptr);
  if (!file) return;
  std::exception_ptr failure;
  try {
    if (chunks_in_file_ > 0) file->sync_bytes();
    journal_.sync();
  } catch (...) {
    failure = std::current_exception();
  }
  file->abandon();
  std::error_code ignored;
  if (chunks_in_file_ == 0) fs::remove(file->path(), ignored);
  chunks_in_file_ = 0;
  const std::scoped_lock lock(mutex_);
  forget_file();
  if (!failure) {
    synced_ = std::max(synced_, batch_);
    return;
  }
  lost_ = batch_;
  sync_failure_ = failure;
  fail_all(failure);
}

/// Streams begin a new part with their next chunk.
void WriteBehind::forget_file() {
  for (auto& [id, stream] : streams_) stream->file.reset();
  retired_.clear();
}

}  // namespace foldstream::io
