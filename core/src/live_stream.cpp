#include "live_stream.hpp"

#include "brief_lock.hpp"
#include "live_target.hpp"

#include <algorithm>
#include <limits>

namespace foldstream {

void HeldBytes::add(std::uint64_t bytes) {
  const std::uint64_t now = now_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
}

void Bell::ring() {
  const std::scoped_lock lock(mutex_);
  if (!is_silent_ && ring_) ring_();
}

void Bell::silence() {
  const std::scoped_lock lock(mutex_);
  is_silent_ = true;
}

LiveStream::LiveStream(Stream stream, StreamLabel label, std::shared_ptr<Store> store,
                       StreamHubOptions options, std::shared_ptr<HeldBytes> held)
    : stream_(std::move(stream)),
      label_(std::move(label)),
      name_(to_string(label_)),
      owner_(std::move(store)),
      store_(owner_ ? owner_->streams() : nullptr),
      options_(options),
      held_(std::move(held)) {}

LiveStream::~LiveStream() { held_->drop(kept_bytes()); }

// What is kept; under the lock.

const LiveStream::Kept& LiveStream::kept(std::int64_t chunk) const {
  return kept_[static_cast<std::size_t>(chunk - first())];
}

std::uint64_t LiveStream::kept_bytes() const {
  return kept_.empty() ? 0 : offset_ - kept_.front().offset;
}

/// The first chunk that some reader has still to read.
std::int64_t LiveStream::slowest() const {
  std::int64_t slowest = count_;
  for (const auto& cursor : cursors_) slowest = std::min(slowest, cursor->next);
  return slowest;
}

std::uint64_t LiveStream::unread_bytes() const {
  const std::int64_t from = std::max(slowest(), first());
  return from == count_ ? 0 : offset_ - kept(from).offset;
}

void LiveStream::drop_first() {
  held_->drop(kept_.front().chunk.bytes());
  kept_.pop_front();
}

/// Drops what is stored and read; what is stored and not read only past the window.
void LiveStream::trim() {
  const std::int64_t unread = slowest();
  while (!kept_.empty()) {
    const bool is_read = first() < unread;
    const bool may_go = store_ != nullptr ? kept_.front().is_stored &&
                                                (is_read || kept_bytes() > options_.window_bytes)
                                          : is_released_ && is_read;
    if (!may_go) return;
    drop_first();
  }
}

/// Makes room for a chunk, if that needs nobody.
bool LiveStream::has_room(std::uint64_t bytes) {
  const std::uint64_t window = options_.window_bytes;
  if (store_ == nullptr) {
    const std::uint64_t unread = cursors_.empty() ? 0 : unread_bytes();
    return unread == 0 || unread + bytes <= window;
  }
  while (!kept_.empty() && kept_.front().is_stored && kept_bytes() + bytes > window) drop_first();
  return kept_.empty() || kept_bytes() + bytes <= window;
}

void LiveStream::push(Tensor chunk) {
  const std::uint64_t bytes = chunk.bytes();
  kept_.push_back({std::move(chunk), offset_, false});
  offset_ += bytes;
  ++count_;
  held_->add(bytes);
}

// Readers.

bool LiveStream::attach(const std::shared_ptr<Cursor>& cursor) {
  const Lock lock = lock_briefly(mutex_);
  if (store_ == nullptr && cursor->next < first()) return false;
  cursors_.push_back(cursor);
  return true;
}

void LiveStream::detach(const std::shared_ptr<Cursor>& cursor) {
  const Lock lock = lock_briefly(mutex_);
  std::erase(cursors_, cursor);
  trim();
  room_.notify_all();
}

bool LiveStream::is_readable(const Cursor& cursor) const {
  if (failure_) return true;
  if (cursor.next < count_) return cursor.next >= first() || !broken_;
  return is_ended_;
}

LiveStream::Polled LiveStream::poll(Cursor& cursor) {
  Lock lock = lock_briefly(mutex_);
  try {
    return poll(lock, cursor);
  } catch (...) {
    return {Polled::Is::failed, {}, std::current_exception()};
  }
}

LiveStream::Polled LiveStream::poll(Lock& lock, Cursor& cursor) {
  if (!is_readable(cursor)) return {};
  if (failure_) return {Polled::Is::failed, {}, failure_};
  if (cursor.next >= count_) return {Polled::Is::end, {}, {}};
  Polled polled{Polled::Is::chunk, {}, {}};
  if (cursor.next >= first()) {
    polled.chunk = kept(cursor.next).chunk;
  } else {
    const int beginning = beginnings_;
    try {
      polled.chunk = read_stored(lock, cursor);
    } catch (const Error&) {
      if (beginning != beginnings_) return poll(lock, cursor);  // it is made anew already
      if (is_ended_) throw;
      broken_ = std::current_exception();  // its writer is told, begins anew, and we go on
      room_.notify_all();
      return {};
    }
  }
  ++cursor.next;
  trim();
  room_.notify_all();
  return polled;
}

/// @throws Error{Io} if it is damaged.
Tensor LiveStream::read_stored(Lock& lock, Cursor& cursor) {
  const std::int64_t number = cursor.next;
  lock.unlock();
  Tensor chunk;
  std::exception_ptr failure;
  try {
    chunk = store_->read(stream_.id, number);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  if (!failure) return chunk;
  if (failure_of(failure).kind != ErrorKind::NotFound) std::rethrow_exception(failure);
  throw Error(ErrorKind::Io, "chunk " + std::to_string(number) + " of stream '" + name_ +
                                 "' was stored and is lost. Run again: it will be made anew.");
}

std::optional<Tensor> LiveStream::next(Cursor& cursor, const std::stop_token& stop) {
  constexpr int spins = 300;  // some microseconds: waking takes longer
  for (int i = 0; i < spins && progress_.load(std::memory_order_acquire) <= cursor.next; ++i)
    relax();
  Lock lock = lock_briefly(mutex_);
  while (true) {
    if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the run was cancelled.");
    Polled polled = poll(lock, cursor);
    if (polled.is == Polled::Is::chunk) return std::move(polled.chunk);
    if (polled.is == Polled::Is::end) return std::nullopt;
    if (polled.is == Polled::Is::failed) std::rethrow_exception(polled.failure);
    if (!wait(lock, more_, stop, [&] { return is_readable(cursor); })) throw_stalled_reader(cursor);
  }
}

// Ends.

void LiveStream::finish(std::int64_t chunks) {
  Bells bells;
  {
    const Lock lock = lock_briefly(mutex_);
    if (broken_) std::rethrow_exception(broken_);
    if (chunks >= 0 && chunks < count_)
      throw Error(ErrorKind::Internal,
                  "stream '" + name_ + "' ended after " + std::to_string(chunks) + " of the " +
                      std::to_string(count_) + " chunks that an earlier attempt gave: task '" +
                      label_.task + "' is not pure. Change its identity with what it computes.");
    if (is_complete_) return;
    is_ended_ = true;
    tell_progress(bells);
  }
  ring(bells);
  if (store_ != nullptr) finish_in_store();
}

/// Until it is durable; if it cannot be, it has not ended.
void LiveStream::finish_in_store() {
  std::exception_ptr failure;
  try {
    store_->finish(stream_.id);
  } catch (...) {
    failure = std::current_exception();
  }
  const Lock lock = lock_briefly(mutex_);
  if (!failure) failure = broken_;
  if (failure) {
    is_ended_ = false;
    progress_.store(count_, std::memory_order_release);
    std::rethrow_exception(failure);
  }
  is_complete_ = true;
  for (Kept& one : kept_) one.is_stored = true;
  trim();
}

void LiveStream::fail(std::exception_ptr why) {
  const TaskFailure cause = failure_of(why);
  const bool is_cancelled = cause.kind == ErrorKind::Cancelled;
  const Error told(is_cancelled ? ErrorKind::Cancelled : ErrorKind::Task,
                   "'" + label_.task + "' " +
                       (is_cancelled ? "was cancelled." : "failed: " + cause.message));
  Bells bells;
  {
    const Lock lock = lock_briefly(mutex_);
    if (writers_ > 0 || is_ended_) return;
    failure_ = std::make_exception_ptr(told);
    tell_progress(bells);
  }
  ring(bells);
}

void LiveStream::release() {
  const Lock lock = lock_briefly(mutex_);
  is_released_ = true;
  trim();
}

bool LiveStream::is_unwanted() const {
  const Lock lock = lock_briefly(mutex_);
  return (is_released_ || is_complete_) && writers_ == 0 && cursors_.empty();
}

bool LiveStream::is_over() const {
  const Lock lock = lock_briefly(mutex_);
  return (is_released_ || is_complete_) && writers_ == 0 && cursors_.empty() && in_flight_ == 0;
}

bool LiveStream::is_complete() const {
  const Lock lock = lock_briefly(mutex_);
  return is_complete_;
}

void LiveStream::tell_progress(Bells& bells) {
  constexpr auto end = std::numeric_limits<std::int64_t>::max();
  progress_.store(is_ended_ || failure_ ? end : count_, std::memory_order_release);
  more_.notify_all();
  for (const auto& cursor : cursors_)
    if (cursor->bell) bells.push_back(cursor->bell);
}

void LiveStream::ring(const Bells& bells) {
  for (const auto& bell : bells) bell->ring();
}

void LiveStream::throw_stalled_reader(const Cursor& cursor) const {
  throw Error(ErrorKind::Communication,
              "'" + cursor.reader.task + "' waited " + seconds_text(options_.stall_seconds) +
                  " for chunk " + std::to_string(cursor.next) + " of stream '" + name_ +
                  "', which task '" + label_.task + "' gives. If it is only slow, raise the "
                  "stall_seconds of the run's StreamHub.");
}

}  // namespace foldstream
