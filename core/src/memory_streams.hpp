// MemoryStreams: a StreamStore that forgets with the process.
#pragma once

#include <foldstream/stream.hpp>

#include <mutex>
#include <unordered_map>

namespace foldstream {

/// A chunk counts as stored at once.
class MemoryStreams final : public StreamStore {
 public:
  std::optional<StoredStream> find(const Key& id) override;
  std::int64_t open(const Key& id, const StreamType& type, const StreamLabel& label) override;
  void append(const Key& id, Tensor chunk, std::function<void(std::exception_ptr)> stored) override;
  void finish(const Key& id) override;
  Tensor read(const Key& id, std::int64_t chunk) override;
  std::uint64_t checksum(const Key& id, std::int64_t chunk) override;

 private:
  struct Kept {
    StreamType type;
    StreamLabel label;
    std::vector<Tensor> chunks;
    bool is_complete = false;
  };
  Kept& kept(const Key& id);

  std::mutex mutex_;
  std::unordered_map<Key, Kept, KeyHash> streams_;
};

}  // namespace foldstream
