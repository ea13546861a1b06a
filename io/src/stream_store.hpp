// FolderStreams: the streams of a run folder, written by one rank and read from all.
#pragma once

#include "write_behind.hpp"

#include <foldstream/io/run_store.hpp>

#include <set>

namespace foldstream::io {

/// The streams of some tasks, or of all if there are none.
class StreamsOf {
 public:
  explicit StreamsOf(std::span<const Key> tasks) : tasks_(tasks.begin(), tasks.end()) {}
  bool contains(const Key& id, const std::string& port);

 private:
  std::vector<Key> tasks_;
  std::map<std::string, std::set<Key>> ids_;  ///< of all tasks, by port
};

/// The stream store of a RunStore: the rank's own stream files and journal, and those of the others
/// for reading. Thread-safe.
class FolderStreams final : public StreamStore {
 public:
  /// @param stem  "r0000" of the rank that writes; empty: for reading only
  FolderStreams(std::filesystem::path ranks, std::string stem, ReportDamage report);

  std::optional<StoredStream> find(const Key& id) override;
  std::int64_t open(const Key& id, const StreamType& type, const StreamLabel& label) override;
  void append(const Key& id, Tensor chunk, std::function<void(std::exception_ptr)> stored) override;
  void finish(const Key& id) override;
  Tensor read(const Key& id, std::int64_t chunk) override;
  std::uint64_t checksum(const Key& id, std::int64_t chunk) override;

  /// Learns what other ranks have stored.
  void refresh();
  /// Closes the rank's stream file. @throws Error{Io}
  void close();
  /// All streams, by target, task and port.
  std::vector<StreamInfo> stored();
  /// Copies into a file of this rank those streams of the tasks, or of all if there are none, that
  /// no single dataset shows whole. Only while nobody writes. @returns how many.
  int salvage(std::span<const Key> tasks);

 private:
  WriteBehind& writer();
  WriteBehind* writer_if_any();
  std::optional<KnownStream> find_known(const Key& id);
  std::shared_ptr<const File> file(const std::string& name);
  Tensor load(const ChunkPlace& place);
  void drop(const Key& id, std::int64_t chunk, const std::filesystem::path& file,
            const StreamLabel& label, const std::string& reason);
  StreamInfo info_of(const Key& id, const KnownStream& known);
  bool is_shown(const Key& id, const KnownStream& known);
  void copy(const Key& id, const KnownStream& known);

  const std::filesystem::path ranks_;
  const std::string stem_;
  const ReportDamage report_;
  StreamIndex index_;

  std::mutex files_mutex_;
  std::map<std::string, std::shared_ptr<const File>> files_;  ///< for reading

  std::mutex writer_mutex_;
  std::unique_ptr<WriteBehind> writer_;  ///< made by the first `open`
};

}  // namespace foldstream::io
