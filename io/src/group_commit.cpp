#include "group_commit.hpp"

#include <algorithm>
#include <utility>

namespace foldstream::io {

GroupCommit::~GroupCommit() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void GroupCommit::note(std::uint64_t bytes) {
  bytes = std::max<std::uint64_t>(bytes, 1);
  const std::uint64_t before = waiting_.fetch_add(bytes);
  const bool is_first = before == 0;
  const bool is_much = before < pace_.bytes && before + bytes >= pace_.bytes;
  if (!is_first && !is_much) return;
  {
    const std::scoped_lock lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  wake_.notify_all();
}

void GroupCommit::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return is_ending_ || waiting_ > 0; });
    wake_.wait_for(lock, pace_.interval, [&] { return is_ending_ || waiting_ >= pace_.bytes; });
    if (is_ending_) return;
    lock.unlock();
    commit_and_keep_failure();
    lock.lock();
  }
}

void GroupCommit::commit_and_keep_failure() {
  const std::scoped_lock committing(committing_);  // until the failure is kept: `now` must see it
  try {
    if (waiting_.exchange(0) > 0) commit_();
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    failure_ = std::current_exception();
    has_failed_ = true;
  }
}

void GroupCommit::now() {
  {
    const std::scoped_lock lock(committing_);
    if (waiting_.exchange(0) > 0) commit_();
  }
  check();
}

void GroupCommit::throw_failure() {
  std::unique_lock lock(mutex_);
  has_failed_ = false;
  const std::exception_ptr failure = std::exchange(failure_, nullptr);
  lock.unlock();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace foldstream::io
