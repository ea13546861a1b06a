#include "memory_streams.hpp"

namespace foldstream {

std::optional<StoredStream> MemoryStreams::find(const Key& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = streams_.find(id);
  if (found == streams_.end()) return std::nullopt;
  const Kept& kept = found->second;
  return StoredStream{kept.type, kept.label, std::ssize(kept.chunks), kept.is_complete};
}

std::int64_t MemoryStreams::open(const Key& id, const StreamType& type, const StreamLabel& label) {
  const std::scoped_lock lock(mutex_);
  Kept& kept = streams_.try_emplace(id, Kept{type, label, {}}).first->second;
  if (!(kept.type == type))
    throw Error(ErrorKind::InvalidArgument,
                "stream '" + to_string(label) + "' is stored with another type. Change the "
                                                "identity of its task with what it computes.");
  return std::ssize(kept.chunks);
}

void MemoryStreams::append(const Key& id, Tensor chunk,
                           std::function<void(std::exception_ptr)> stored) {
  {
    const std::scoped_lock lock(mutex_);
    Kept& stream = kept(id);
    stream.chunks.push_back(std::move(chunk));
    stream.is_complete = false;
  }
  stored(nullptr);
}

void MemoryStreams::finish(const Key& id) {
  const std::scoped_lock lock(mutex_);
  kept(id).is_complete = true;
}

Tensor MemoryStreams::read(const Key& id, std::int64_t chunk) {
  const std::scoped_lock lock(mutex_);
  const Kept& stream = kept(id);
  if (chunk < 0 || chunk >= std::ssize(stream.chunks))
    throw Error(ErrorKind::NotFound, "stream '" + to_string(stream.label) + "' has no chunk " +
                                         std::to_string(chunk) + " yet.");
  return stream.chunks[static_cast<std::size_t>(chunk)];
}

std::uint64_t MemoryStreams::checksum(const Key& id, std::int64_t chunk) {
  return checksum_of(read(id, chunk));
}

MemoryStreams::Kept& MemoryStreams::kept(const Key& id) {
  const auto found = streams_.find(id);
  if (found == streams_.end())
    throw Error(ErrorKind::NotFound, "no stream " + to_string(id) + " is stored.");
  return found->second;
}

}  // namespace foldstream
