#include <foldstream/stream_hub.hpp>

#include "live_stream.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace foldstream {
namespace {

[[noreturn]] void throw_nowhere(const Stream& stream, const StreamLabel& reader) {
  throw Error(ErrorKind::NotFound, "'" + reader.task + "' cannot read stream " +
                                       to_string(stream.id) +
                                       ": it is neither live in this process nor complete in the "
                                       "store of the run.");
}

}  // namespace

class StreamHub::Impl : public std::enable_shared_from_this<StreamHub::Impl> {
 public:
  class Writer;
  class Reader;
  class TapHere;

  Impl(std::shared_ptr<Store> store, StreamHubOptions options)
      : store_(std::move(store)), options_(options), held_(std::make_shared<HeldBytes>()) {}

  StreamStore* stored() const { return store_ ? store_->streams() : nullptr; }
  /// Where new chunks are kept; null: nowhere.
  std::shared_ptr<Store> kept() const {
    return stored() != nullptr && store_->is_writable() ? store_ : nullptr;
  }
  bool is_complete_in_store(const Key& id) const {
    if (stored() == nullptr) return false;
    const auto found = stored()->find(id);
    return found && found->is_complete;
  }

  std::shared_ptr<LiveStream> find(const Key& id) const {
    const std::scoped_lock lock(mutex_);
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second;
  }

  std::shared_ptr<LiveStream> find_or_make(const Stream& stream, const StreamLabel& label) {
    const std::scoped_lock lock(mutex_);
    auto& live = streams_[stream.id];
    if (!live) live = std::make_shared<LiveStream>(stream, label, kept(), options_, held_);
    ++opening_[stream.id];
    return live;
  }
  void end_opening(const Key& id) {
    const std::scoped_lock lock(mutex_);
    if (const auto found = opening_.find(id); --found->second == 0) opening_.erase(found);
  }

  /// Forgets a stream if it is over. One that only the store is still busy with is looked at again
  /// with the next.
  void forget(const Key& id) {
    std::vector<std::shared_ptr<LiveStream>> over;  // freed when the lock is
    const std::scoped_lock lock(mutex_);
    const auto is_gone = [&](const Key& one) {
      const auto found = streams_.find(one);
      if (found == streams_.end()) return true;
      if (!found->second->is_over() || opening_.contains(one)) return false;
      over.push_back(std::move(found->second));
      streams_.erase(found);
      return true;
    };
    std::erase_if(leaving_, is_gone);
    if (!is_gone(id) && streams_.at(id)->is_unwanted()) leaving_.push_back(id);
  }

  /// A cursor on a stream that is live here; null if it is not.
  std::shared_ptr<LiveStream> attach(const Key& id, const std::shared_ptr<Cursor>& cursor) {
    if (const auto live = find(id); live && live->is_complete() && is_complete_in_store(id))
      return nullptr;
    const std::scoped_lock lock(mutex_);
    const auto found = streams_.find(id);
    return found != streams_.end() && found->second->attach(cursor) ? found->second : nullptr;
  }

  const std::shared_ptr<Store> store_;
  const StreamHubOptions options_;
  const std::shared_ptr<HeldBytes> held_;
  mutable std::mutex mutex_;  ///< guards what follows; taken before that of a stream
  std::unordered_map<Key, std::shared_ptr<LiveStream>, KeyHash> streams_;
  std::unordered_map<Key, int, KeyHash> opening_;
  std::vector<Key> leaving_;
  Elsewhere elsewhere_;
  std::function<bool(const Key&)> knows_;
};

class StreamHub::Impl::Writer final : public StreamWriter {
 public:
  Writer(std::shared_ptr<Impl> hub, std::shared_ptr<LiveStream> live, Key id, std::stop_token stop)
      : hub_(std::move(hub)), live_(std::move(live)), id_(id), stop_(std::move(stop)) {
    stored_ = live_->count();
  }
  ~Writer() override {
    live_->close();
    hub_->forget(id_);
  }

  std::int64_t stored() const override { return stored_; }
  void skip(std::int64_t chunks) override {
    if (chunks < position_ || chunks > stored_)
      throw Error(ErrorKind::InvalidArgument,
                  "stream '" + live_->name() + "' holds " + std::to_string(stored_) +
                      " chunks of an earlier attempt, of which " + std::to_string(position_) +
                      " were repeated: " + std::to_string(chunks) + " of them cannot be skipped.");
    live_->skip(position_ = chunks);
  }
  Tensor read(std::int64_t chunk) override { return live_->read(chunk); }
  void append(Tensor chunk) override { live_->append(position_, std::move(chunk), stop_); }

 private:
  const std::shared_ptr<Impl> hub_;
  const std::shared_ptr<LiveStream> live_;
  const Key id_;
  const std::stop_token stop_;
  std::int64_t stored_ = 0;
  std::int64_t position_ = 0;
};

/// On a live stream, or on one that is complete in the store.
class StreamHub::Impl::Reader final : public StreamReader {
 public:
  /// @param live  to which the cursor is attached; null: it is complete in the store
  Reader(std::shared_ptr<Impl> hub, std::shared_ptr<LiveStream> live,
         std::shared_ptr<Cursor> cursor, Key id, std::stop_token stop)
      : hub_(std::move(hub)),
        live_(std::move(live)),
        cursor_(std::move(cursor)),
        id_(id),
        stop_(std::move(stop)) {
    if (!live_) count_ = hub_->stored()->find(id_).value_or(StoredStream{}).chunks;
  }
  ~Reader() override {
    if (!live_) return;
    live_->detach(cursor_);
    hub_->forget(id_);
  }

  std::optional<Tensor> next() override {
    if (live_) return live_->next(*cursor_, stop_);
    if (stop_.stop_requested()) throw Error(ErrorKind::Cancelled, "the run was cancelled.");
    if (cursor_->next == count_) return std::nullopt;
    try {
      Tensor chunk = hub_->stored()->read(id_, cursor_->next);
      ++cursor_->next;
      return chunk;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound) throw;
      live_ = hub_->attach(id_, cursor_);  // damage was found, and its task makes it anew
      if (live_) return live_->next(*cursor_, stop_);
      throw Error(ErrorKind::Io, std::string(error.what()) + " It was there, and is lost.");
    }
  }

  /// The same for one that does not wait.
  Polled poll() {
    if (live_) return live_->poll(*cursor_);
    if (cursor_->next == count_) return {Polled::Is::end, {}, {}};
    try {
      Polled polled{Polled::Is::chunk, hub_->stored()->read(id_, cursor_->next), {}};
      ++cursor_->next;
      return polled;
    } catch (...) {
      return {Polled::Is::failed, {}, std::current_exception()};
    }
  }

 private:
  const std::shared_ptr<Impl> hub_;
  std::shared_ptr<LiveStream> live_;
  const std::shared_ptr<Cursor> cursor_;
  const Key id_;
  const std::stop_token stop_;
  std::int64_t count_ = 0;
};

class StreamHub::Impl::TapHere final : public Tap {
 public:
  TapHere(std::unique_ptr<Reader> reader, std::shared_ptr<Bell> bell)
      : reader_(std::move(reader)), bell_(std::move(bell)) {}
  ~TapHere() override { bell_->silence(); }
  Polled poll() override { return reader_->poll(); }

 private:
  const std::unique_ptr<Reader> reader_;
  const std::shared_ptr<Bell> bell_;
};

StreamHub::StreamHub(std::shared_ptr<Store> store, StreamHubOptions options)
    : impl_(std::make_shared<Impl>(std::move(store), options)) {}
StreamHub::~StreamHub() = default;

std::unique_ptr<StreamWriter> StreamHub::open(const Stream& stream, const StreamLabel& label,
                                              std::stop_token stop) {
  const auto live = impl_->find_or_make(stream, label);
  try {
    if (!(live->type() == stream.type))
      throw Error(ErrorKind::InvalidArgument, "stream '" + to_string(label) +
                                                  "' was begun with another type. A task must give "
                                                  "the same type whenever it runs.");
    live->open(stop);
  } catch (...) {
    impl_->end_opening(stream.id);
    impl_->forget(stream.id);
    throw;
  }
  auto writer = std::make_unique<Impl::Writer>(impl_, live, stream.id, std::move(stop));
  impl_->end_opening(stream.id);
  return writer;
}

void StreamHub::finish(const Key& id) {
  const auto live = impl_->find(id);
  if (!live) return;
  live->finish();
  impl_->forget(id);
}

void StreamHub::fail(const Key& id, std::exception_ptr why) {
  if (const auto live = impl_->find(id)) live->fail(std::move(why));
}

void StreamHub::release(const Key& id) {
  if (const auto live = impl_->find(id)) live->release();
  impl_->forget(id);
}

bool StreamHub::is_live(const Key& id) const {
  const auto live = impl_->find(id);
  return live && !live->is_complete();
}

std::optional<StreamType> StreamHub::type_of(const Key& id) const {
  if (const auto live = impl_->find(id)) return live->type();
  return std::nullopt;
}

std::unique_ptr<StreamReader> StreamHub::read(const Stream& stream, const StreamLabel& reader,
                                              std::stop_token stop) {
  const auto cursor = std::make_shared<Cursor>(Cursor{0, reader, nullptr});
  const auto live = impl_->attach(stream.id, cursor);
  if (live || impl_->is_complete_in_store(stream.id))
    return std::make_unique<Impl::Reader>(impl_, live, cursor, stream.id, std::move(stop));
  Elsewhere elsewhere;
  {
    const std::scoped_lock lock(impl_->mutex_);
    elsewhere = impl_->elsewhere_;
  }
  if (elsewhere)
    if (auto found = elsewhere(stream, reader, std::move(stop))) return found;
  throw_nowhere(stream, reader);
}

std::unique_ptr<StreamHub::Tap> StreamHub::tap(const Key& id, std::int64_t first_chunk,
                                               std::function<void()> on_more) {
  const auto bell = std::make_shared<Bell>(std::move(on_more));
  const auto cursor = std::make_shared<Cursor>(Cursor{first_chunk, {"", "another rank", ""}, bell});
  const auto live = impl_->attach(id, cursor);
  if (!live && !impl_->is_complete_in_store(id)) return nullptr;
  return std::make_unique<Impl::TapHere>(
      std::make_unique<Impl::Reader>(impl_, live, cursor, id, std::stop_token()), bell);
}

void StreamHub::find_elsewhere(Elsewhere find, std::function<bool(const Key&)> knows) {
  const std::scoped_lock lock(impl_->mutex_);
  impl_->elsewhere_ = std::move(find);
  impl_->knows_ = std::move(knows);
}

bool StreamHub::can_read(const Key& id) const {
  if (is_live(id) || impl_->is_complete_in_store(id)) return true;
  std::function<bool(const Key&)> knows;
  {
    const std::scoped_lock lock(impl_->mutex_);
    knows = impl_->knows_;
  }
  return knows && knows(id);
}

std::uint64_t StreamHub::held_bytes() const { return impl_->held_->now(); }
std::uint64_t StreamHub::peak_bytes() const { return impl_->held_->peak(); }

}  // namespace foldstream
