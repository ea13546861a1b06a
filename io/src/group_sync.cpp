#include "group_sync.hpp"

#include <utility>

namespace foldstream::io {

GroupSync::GroupSync(StreamJournalWriter& journal, std::function<void(std::exception_ptr)> done)
    : journal_(journal), done_(std::move(done)), thread_([this] { work(); }) {}

GroupSync::~GroupSync() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void GroupSync::start(std::shared_ptr<hdf5::StreamFile> file) {
  {
    const std::scoped_lock lock(mutex_);
    next_ = std::move(file);
  }
  changed_.notify_one();
}

void GroupSync::work() {
  for (;;) {
    std::shared_ptr<hdf5::StreamFile> file;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return next_ || is_stopping_; });
      if (!next_) return;
      file = std::move(next_);
    }
    std::exception_ptr failure;
    try {
      file->sync_bytes();
      journal_.sync();
    } catch (...) {
      failure = std::current_exception();
    }
    file.reset();
    done_(failure);
  }
}

}  // namespace foldstream::io
