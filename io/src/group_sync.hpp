// GroupSync: makes files durable on a thread of its own, so that writing goes on meanwhile.
#pragma once

#include "hdf5/stream_file.hpp"

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace foldstream::io {

/// Syncs a stream file, then its journal. One sync at a time.
class GroupSync {
 public:
  /// @param journal  called by this thread
  /// @param done     called by this thread after each sync, with null or what went wrong
  GroupSync(StreamJournalWriter& journal, std::function<void(std::exception_ptr)> done);
  /// Ends what is under way.
  ~GroupSync();

  /// The file must be flushed. Only after the one before is done.
  void start(std::shared_ptr<hdf5::StreamFile> file);

 private:
  void work();

  StreamJournalWriter& journal_;
  std::function<void(std::exception_ptr)> done_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<hdf5::StreamFile> next_;
  bool is_stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace foldstream::io
