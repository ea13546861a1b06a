// LiveStream, the writers' side.
#include "live_stream.hpp"

#include "brief_lock.hpp"
#include "ledger.hpp"

#include <algorithm>

namespace foldstream {

/// For messages: "600 s", "0.25 s".
std::string seconds_text(double seconds) {
  std::string text = std::to_string(seconds);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + " s";
}

/// As new writers find it: behind what another one has done, or at the first chunk.
void LiveStream::open(const std::stop_token& stop) {
  Bells bells;
  Lock lock = lock_briefly(mutex_);
  wait_to_open(lock, stop);
  if (writers_++ > 0) return;
  is_handing_ = true;
  try {
    std::int64_t stored = count_;
    if (store_ != nullptr) {
      lock.unlock();
      stored = store_->open(stream_.id, stream_.type, label_);
      lock.lock();
    }
    begin_anew(stored);
    tell_progress(bells);
    if (store_ != nullptr) store_again(lock);
  } catch (...) {
    if (!lock.owns_lock()) lock.lock();
    --writers_;
    is_handing_ = false;
    room_.notify_all();
    throw;
  }
  is_handing_ = false;
  room_.notify_all();
  lock.unlock();
  ring(bells);
}

/// Until the store has no more of its chunks in its queue.
void LiveStream::wait_to_open(Lock& lock, const std::stop_token& stop) {
  const auto is_free = [&] { return !is_handing_ && (writers_ > 0 || in_flight_ == 0); };
  if (!is_free() && !wait(lock, room_, stop, is_free)) throw_stalled_writer();
}

/// Readers go on behind what they have read; chunks that neither the store nor we have any more are
/// made again.
void LiveStream::begin_anew(std::int64_t stored) {
  furthest_ = 0;
  is_released_ = false;
  if (is_ended_ && stored == count_) return;  // another task has given all of it
  if (stored < first() || stored > count_) {
    while (!kept_.empty()) drop_first();
    count_ = stored;
  }
  std::int64_t number = first();
  for (Kept& one : kept_) one.is_stored = number++ < stored;
  is_ended_ = false;
  is_complete_ = false;
  broken_ = nullptr;
  failure_ = nullptr;
  trim();
}

/// What the store did not take the first time.
void LiveStream::store_again(Lock& lock) {
  for (std::int64_t number = first(); number < count_; ++number) {
    if (number < first() || kept(number).is_stored) continue;
    const Tensor chunk = kept(number).chunk;
    ++in_flight_;
    lock.unlock();
    hand_to_store(number, chunk);
    lock.lock();
  }
}

void LiveStream::close() {
  const Lock lock = lock_briefly(mutex_);
  --writers_;
  room_.notify_all();
}

void LiveStream::skip(std::int64_t chunks) {
  const Lock lock = lock_briefly(mutex_);
  furthest_ = std::max(furthest_, chunks);
}

std::int64_t LiveStream::count() const {
  const Lock lock = lock_briefly(mutex_);
  return count_;
}

void LiveStream::append(std::int64_t& position, Tensor chunk, const std::stop_token& stop) {
  check_chunk(stream_.type, chunk, name_);
  Bells bells;
  Lock lock = lock_briefly(mutex_);
  wait_to_append(lock, position, chunk.bytes(), stop);
  const std::int64_t number = position;
  if (number < count_) {
    lock.unlock();
    compare(number, chunk);
    lock.lock();
    furthest_ = std::max(furthest_, ++position);
    return;
  }
  push(chunk);
  furthest_ = std::max(furthest_, ++position);
  tell_progress(bells);
  if (store_ != nullptr) {
    is_handing_ = true;
    ++in_flight_;
  }
  lock.unlock();
  ring(bells);
  if (store_ == nullptr) return;
  hand_to_store(number, chunk);
  lock.lock();
  is_handing_ = false;
  room_.notify_all();
  if (broken_) std::rethrow_exception(broken_);
}

void LiveStream::wait_to_append(Lock& lock, std::int64_t position, std::uint64_t bytes,
                                const std::stop_token& stop) {
  const auto may_go_on = [&] {
    return broken_ || position < count_ || is_ended_ || (!is_handing_ && has_room(bytes));
  };
  if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the run was cancelled.");
  if (!may_go_on() && !wait(lock, room_, stop, may_go_on)) throw_stalled_writer();
  if (broken_) std::rethrow_exception(broken_);
  if (is_ended_ && position >= count_)
    throw Error(ErrorKind::Internal, "stream '" + name_ + "' has ended after " +
                                         std::to_string(count_) + " chunks; task '" + label_.task +
                                         "' gives more when it runs again: it is not pure.");
}

/// With what is there. @throws Error{Internal} if it differs; Error{Io} if that is lost.
void LiveStream::compare(std::int64_t position, const Tensor& chunk) const {
  bool is_same = true;
  Lock lock = lock_briefly(mutex_);
  if (position >= first()) {
    const Tensor there = kept(position).chunk;
    lock.unlock();
    is_same = there == chunk;
  } else if (store_ != nullptr) {
    lock.unlock();
    try {
      is_same = store_->checksum(stream_.id, position) == checksum_of(chunk);
    } catch (const Error& error) {
      throw Error(ErrorKind::Io, "cannot compare chunk " + std::to_string(position) +
                                     " of stream '" + name_ + "': " + error.what());
    }
  }
  if (!is_same)
    throw Error(ErrorKind::Internal,
                "chunk " + std::to_string(position) + " of stream '" + name_ +
                    "' differs from the one an earlier attempt gave: task '" + label_.task +
                    "' is not pure. Change its identity with what it computes.");
}

Tensor LiveStream::read(std::int64_t chunk) const {
  {
    const Lock lock = lock_briefly(mutex_);
    if (chunk >= first() && chunk < count_) return kept(chunk).chunk;
  }
  if (store_ != nullptr) return store_->read(stream_.id, chunk);
  throw Error(ErrorKind::NotFound,
              "stream '" + name_ + "' has no chunk " + std::to_string(chunk) + ".");
}

void LiveStream::hand_to_store(std::int64_t number, const Tensor& chunk) {
  try {
    store_->append(stream_.id, chunk,
                   [self = shared_from_this(), number](std::exception_ptr why) {
                     self->note_stored(number, why);
                   });
  } catch (...) {
    note_stored(number, std::current_exception());
  }
}

void LiveStream::note_stored(std::int64_t number, const std::exception_ptr& why) {
  const Lock lock = lock_briefly(mutex_);
  --in_flight_;
  if (why && !broken_) broken_ = why;
  if (!why && number >= first())
    kept_[static_cast<std::size_t>(number - first())].is_stored = true;
  trim();
  room_.notify_all();
}

void LiveStream::throw_stalled_writer() const {
  std::string text = "task '" + label_.task + "' waited " + seconds_text(options_.stall_seconds);
  if (store_ != nullptr)
    throw Error(ErrorKind::Io, text + " for its store, which has " + size_text(kept_bytes()) +
                                   " of stream '" + name_ + "' still to write. Is the disk full "
                                   "or slow?");
  std::string reader = "its readers";
  for (const auto& cursor : cursors_)
    if (cursor->next == slowest()) reader = "'" + cursor->reader.task + "'";
  throw Error(ErrorKind::Communication,
              text + " for " + reader + " to read " + size_text(unread_bytes()) + " of stream '" +
                  name_ + "'. Give the run a store, or a StreamHub with a larger window.");
}

}  // namespace foldstream
