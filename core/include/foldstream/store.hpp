// Store: results of finished tasks by content key, so that nothing is computed twice.
#pragma once

#include <foldstream/codec.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace foldstream {

/// 128-bit content key (XXH3) of a task or a value.
struct Key {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const Key&, const Key&) = default;
};

struct KeyHash {
  std::size_t operator()(const Key& key) const noexcept { return key.low; }
};

/// 32 lower-case hexadecimal digits.
std::string to_string(const Key& key);
/// @throws Error{Parse} if `text` is not what `to_string` writes.
Key parse_key(std::string_view text);
/// The key of some bytes.
Key key_of(std::string_view bytes);
/// The key of a record: names, dtypes, shapes, units, axes and bytes.
Key key_of(const Record& record);

/// What is kept of a finished task.
struct StoredTask {
  std::string target;                     ///< name of its target; may be empty
  std::string task;                       ///< name of the task in its graph
  double seconds = 0;                     ///< it took, wall time
  std::map<std::string, Record> outputs;  ///< by port
  /// What its key was made of, "name=value" a line: tells what changed when it is not found again.
  std::string fields = {};

  friend bool operator==(const StoredTask& a, const StoredTask& b);
};

class StreamStore;

/// Keeps the results of finished tasks. Thread-safe.
class Store {
 public:
  virtual ~Store() = default;

  /// Whether `load` would very likely succeed; cheap.
  virtual bool contains(const Key& key) const = 0;
  /// The stored task; nothing if it is absent, or damaged (the damage is reported once, by the
  /// store's own means, and the task counts as absent from then on).
  virtual std::optional<StoredTask> load(const Key& key) = 0;
  /// Whether `save` may be called. A run looks results up in a store that is not writable, and keeps
  /// none in it.
  virtual bool is_writable() const { return true; }
  /// When it returns, the task can be loaded and outlives this process. (A loss of power may cost what
  /// was saved in the last fraction of a second.) Storing a key again replaces what was there.
  /// @throws Error{Io} if it could not be made durable; nothing that was stored is lost.
  virtual void save(const Key& key, const StoredTask& task) = 0;
  /// Learns what other processes have stored meanwhile.
  virtual void refresh() {}
  /// Where chunks of streams are kept, as long as this store; null if it keeps none.
  virtual StreamStore* streams() { return nullptr; }
};

/// A store that forgets with the process.
class MemoryStore final : public Store {
 public:
  MemoryStore();
  bool contains(const Key& key) const override;
  std::optional<StoredTask> load(const Key& key) override;
  void save(const Key& key, const StoredTask& task) override;
  StreamStore* streams() override { return streams_.get(); }

 private:
  const std::shared_ptr<StreamStore> streams_;
  mutable std::mutex mutex_;
  std::unordered_map<Key, StoredTask, KeyHash> tasks_;
};

}  // namespace foldstream
