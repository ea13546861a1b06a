#include "write_behind.hpp"

#include <algorithm>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace foldstream::io {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::uint64_t most_queued = std::uint64_t{256} << 20;  // bytes; then append waits
constexpr std::uint64_t batch_bytes = std::uint64_t{16} << 20;   // of a batch, about
constexpr std::size_t batch_items = 4096;
constexpr std::uint64_t worth_a_batch = std::uint64_t{1} << 20;  // fewer bytes wait a little
constexpr milliseconds batch_gap{1};
constexpr std::chrono::seconds patience{600};  // with a disk that does not answer

}  // namespace

WriteBehind::WriteBehind(fs::path ranks, std::string stem, StreamIndex& index)
    : ranks_(std::move(ranks)),
      stem_(std::move(stem)),
      index_(index),
      journal_(stream_journal_path(ranks_, stem_),
               fs::exists(stream_journal_path(ranks_, stem_))
                   ? index.refresh(stream_journal_path(ranks_, stem_))
                   : 0) {
  sync_folder(ranks_);
  sync_ = std::make_unique<GroupSync>(
      journal_, [this](std::exception_ptr failure) { on_synced(std::move(failure)); });
  thread_ = std::thread([this] { work(); });
}

WriteBehind::~WriteBehind() {
  try {
    close();
  } catch (const Error&) {
    // whoever called finish knows; the rest was not promised
  }
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
  sync_.reset();
}

// ---- for those who make chunks ------------------------------------------------------------------

template <class Condition>
void WriteBehind::wait(std::unique_lock<std::mutex>& lock, const std::string& what,
                       Condition condition) {
  if (condition()) return;
  ++waiting_;
  work_.notify_one();
  const bool is_met = settled_.wait_for(lock, patience, condition);
  --waiting_;
  if (is_met) return;
  throw Error(ErrorKind::Io, what + ": waited " + std::to_string(patience.count()) +
                                 " s for the disk of " + ranks_.string() +
                                 " to take what is written. Check the file system and run again.");
}

void WriteBehind::wait_written(const Key& id) {
  std::unique_lock lock(mutex_);
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const BegunPointer stream = found->second;
  wait(lock, "stream " + to_string(stream->label), [&] { return stream->queued == 0; });
}

void WriteBehind::begin(const Key& id, const StreamType& type, const StreamLabel& label,
                        std::int64_t stored) {
  const std::scoped_lock lock(mutex_);
  BegunPointer& stream = streams_[id];
  if (stream && !stream->failure && stream->appended == stored) return;
  if (stream) retired_.push_back(stream);
  stream = std::make_shared<Begun>(Begun{id, type, label, stored});
  stream->written = stored;
}

void WriteBehind::begin_anew(const Key& id, const StreamType& type, const StreamLabel& label) {
  const std::scoped_lock lock(mutex_);
  BegunPointer& stream = streams_[id];
  if (stream) retired_.push_back(stream);
  stream = std::make_shared<Begun>(Begun{id, type, label});
}

std::optional<StoredStream> WriteBehind::find(const Key& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = streams_.find(id);
  if (found == streams_.end()) return std::nullopt;
  return StoredStream{found->second->type, found->second->label, 0, false};
}

void WriteBehind::append(const Key& id, Tensor chunk, Stored stored) {
  BegunPointer stream;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = streams_.find(id);
    if (found != streams_.end()) stream = found->second;
  }
  if (!stream) {
    throw Error(ErrorKind::InvalidArgument,
                "stream " + to_string(id) + " is not open in the store");
  }
  check_chunk(stream->type, chunk, to_string(stream->label));
  const std::uint64_t checksum = XXH3_64bits(chunk.raw().data(), chunk.bytes());
  const std::uint64_t bytes = chunk.bytes();
  std::unique_lock lock(mutex_);
  if (queued_bytes_ > 0 && queued_bytes_ + bytes > most_queued) {
    wait(lock, "stream " + to_string(stream->label),
         [&] { return queued_bytes_ == 0 || queued_bytes_ + bytes <= most_queued; });
  }
  const bool is_first = queue_.empty();
  const std::uint64_t before = queued_bytes_;
  queue_.push_back({stream, std::move(chunk), checksum, std::move(stored), nullptr});
  queued_bytes_ += bytes;
  ++stream->queued;
  ++stream->appended;
  if (is_first || (before < worth_a_batch && queued_bytes_ >= worth_a_batch)) work_.notify_one();
}

void WriteBehind::finish(const Key& id) {
  std::unique_lock lock(mutex_);
  const auto found = streams_.find(id);
  if (found == streams_.end()) {
    lock.unlock();
    const std::optional<KnownStream> known = index_.find(id);
    if (known && known->is_complete) return;
    throw Error(ErrorKind::InvalidArgument,
                "stream " + to_string(id) + " is not open in the store");
  }
  const BegunPointer stream = found->second;
  const auto ending = std::make_shared<Ending>();
  queue_.push_back({stream, {}, 0, {}, ending});
  ++stream->queued;
  wait(lock, "end of stream " + to_string(stream->label), [&] {
    return ending->is_written &&
           (ending->failure || ending->batch <= lost_ || ending->batch <= synced_);
  });
  if (ending->failure) std::rethrow_exception(ending->failure);
  if (ending->batch <= lost_) std::rethrow_exception(failure_of(stream->label, sync_failure_));
  if (const auto now = streams_.find(id); now != streams_.end() && now->second == stream) {
    streams_.erase(now);
  }
}

void WriteBehind::close() {
  std::unique_lock lock(mutex_);
  const int mine = ++closing_;
  wait(lock, "closing the stream file", [&] { return closed_ >= mine; });
  if (close_failure_) std::rethrow_exception(std::exchange(close_failure_, nullptr));
}

// ---- the thread ---------------------------------------------------------------------------------

bool WriteBehind::is_ready() const {
  if (is_stopping_ || is_file_lost_ || closing_ > closed_ || !retired_.empty()) return true;
  const auto now = Clock::now();
  if (!queue_.empty() && (waiting_ > 0 || queued_bytes_ >= worth_a_batch ||
                          queue_.size() >= batch_items || now >= last_batch_ + batch_gap)) {
    return true;
  }
  if (!has_unsynced() || syncing_ != 0) return false;
  return is_sync_wanted_ || unsynced_bytes_ >= most_unsynced || now >= unsynced_since_ + sync_gap;
}

WriteBehind::Clock::time_point WriteBehind::wake_time() const {
  if (!queue_.empty()) return last_batch_ + batch_gap;
  if (has_unsynced() && syncing_ == 0) return unsynced_since_ + sync_gap;
  return Clock::now() + std::chrono::hours(1);
}

void WriteBehind::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (!is_ready()) work_.wait_until(lock, wake_time());
    if (is_stopping_ && queue_.empty()) return;
    take_turn(lock);
  }
}

void WriteBehind::take_turn(std::unique_lock<std::mutex>& lock) {
  if (std::exchange(is_file_lost_, false)) {
    fail_all(sync_failure_);
    lock.unlock();
    give_up_file();
    lock.lock();
  }
  retire(lock);
  if (!queue_.empty()) {
    std::vector<Item> batch = take_batch();
    last_batch_ = Clock::now();
    std::vector<Group> groups = groups_of(batch);
    lock.unlock();
    std::exception_ptr failure;
    try {
      write(groups);
    } catch (...) {
      failure = std::current_exception();
      give_up_file();
    }
    lock.lock();
    settle(batch, failure, lock);
  }
  sync_if_due(lock);
  if (closing_ > closed_ && queue_.empty()) close_file(lock);
}

std::vector<WriteBehind::Item> WriteBehind::take_batch() {
  std::vector<Item> batch;
  std::uint64_t bytes = 0;
  while (!queue_.empty() && bytes < batch_bytes && batch.size() < batch_items) {
    bytes += queue_.front().chunk.bytes();
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

std::vector<WriteBehind::Group> WriteBehind::groups_of(const std::vector<Item>& batch) const {
  std::vector<Group> groups;
  std::unordered_map<const Begun*, std::size_t> numbers;
  for (const Item& item : batch) {
    if (item.stream->failure) continue;
    const auto [found, is_new] = numbers.try_emplace(item.stream.get(), groups.size());
    if (is_new) groups.push_back({item.stream, {}, false});
    Group& group = groups[found->second];
    if (item.ending) {
      group.is_end = true;
    } else {
      group.lot.chunks.push_back({&item.chunk, item.checksum});
    }
  }
  return groups;
}

void WriteBehind::write(std::vector<Group>& groups) {
  std::vector<hdf5::Lot> lots;
  for (Group& group : groups) {
    begin_part(group);
    lots.push_back(std::move(group.lot));
  }
  if (groups.empty()) return;
  file_->append(lots);
  std::int64_t written = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    Begun& stream = *groups[i].stream;
    if (!lots[i].pieces.empty()) {
      journal_.add_chunks(stream.id, stream.header, stream.written, lots[i].pieces);
    }
    const auto count = static_cast<std::int64_t>(lots[i].chunks.size());
    if (groups[i].is_end) {
      file_->finish(stream.dataset, true);
      stream.file.reset();
      journal_.add_end(stream.id, stream.written + count);
    }
    stream.written += count;
    written += count;
  }
  journal_.write();
  chunks_in_file_ += written;
  index_.refresh(stream_journal_path(ranks_, stem_));
}

void WriteBehind::begin_part(Group& group) {
  Begun& stream = *group.stream;
  const FilePointer file = this->file();
  if (stream.file != file) {
    StreamHeader header{stream.label, stream.type, "", "", 1, stream.written};
    const auto& chunks = group.lot.chunks;
    stream.dataset = file->create(header, stream.id, chunks.empty() ? 1 : chunks[0].tensor->dim(0));
    stream.header = journal_.add_header(stream.id, header);
    stream.file = file;
  }
  group.lot.dataset = stream.dataset;
}

void WriteBehind::settle(std::vector<Item>& batch, const std::exception_ptr& failure,
                         std::unique_lock<std::mutex>& lock) {
  if (!has_unsynced()) unsynced_since_ = Clock::now();
  ++batch_;
  std::uint64_t bytes = 0;
  for (Item& item : batch) {
    if (failure && !item.stream->failure) {
      item.stream->failure = failure_of(item.stream->label, failure);
    }
    bytes += item.chunk.bytes();
    item.chunk = Tensor();
    if (!item.ending) continue;
    *item.ending = {true, item.stream->failure, batch_};
    is_sync_wanted_ = true;
  }
  unsynced_bytes_ += bytes;
  queued_bytes_ -= bytes;
  lock.unlock();
  for (const Item& item : batch) {
    if (item.stored) item.stored(item.stream->failure);
  }
  lock.lock();
  for (const Item& item : batch) --item.stream->queued;
  settled_.notify_all();
}

}  // namespace foldstream::io
