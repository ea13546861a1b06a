// RunStore: the results of a run's finished tasks in its folder, and run.h5 that shows them as a
// tree.
#pragma once

#include <foldstream/store.hpp>
#include <foldstream/stream.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace foldstream::io {

/// A stored task that can no longer be read back.
struct Damage {
  std::filesystem::path file;  ///< the file at fault
  std::string target;          ///< empty with `task` if the damage is in a journal
  std::string task;
  std::string reason;     ///< "checksum of field 'msa/tokens' differs"
  std::string port = {};  ///< of the task, if chunks of its stream cannot be read
};

/// "<file>: <reason>; task 'predict' of target 'P1' counts as absent and will be computed again",
/// or the same of the chunks of a stream.
std::string to_string(const Damage& damage);

/// Told of each damage once, from whichever thread met it. It must not call the store.
using ReportDamage = std::function<void(const Damage&)>;

/// A stored task without its tensors.
struct StoredInfo {
  Key key;
  std::string target;
  std::string task;
  double seconds = 0;         ///< it took, wall time
  std::uint64_t bytes = 0;    ///< of its tensors
  std::int64_t saved_at = 0;  ///< ns since 1970
  std::string file;           ///< relative to the run folder, "ranks/r0000-g0.h5"
  std::string group;          ///< in that file, "/targets/<target>/<task>"
  std::string fields;         ///< see StoredTask
};

/// A stored stream without its chunks.
struct StreamInfo {
  Key id;
  StreamLabel label;
  StreamType type;
  std::int64_t chunks = 0;  ///< that can be read, from the first on without a gap
  std::int64_t rows = 0;    ///< of these chunks
  std::uint64_t bytes = 0;  ///< of these chunks
  bool is_complete = false;
  std::int64_t first_at = 0;       ///< when it was begun, ns since 1970
  std::int64_t last_at = 0;        ///< when the last chunk, or the end, was stored
  std::vector<std::string> files;  ///< relative to the run folder, "ranks/r0000-s0.h5"
  std::string dataset;             ///< in the first of them; empty if it does not have all chunks
};

/// Keeps finished tasks in a run folder (docs/formats.md): each rank appends to HDF5 files and to a
/// journal of its own, and reads those of all ranks.
///
/// Several processes may hold one folder, each with its own rank number. A task survives the end of
/// the process by any signal as soon as `save` has returned: reading needs the journal and the
/// bytes of the tensors only, not the HDF5 structure around them. Thread-safe.
class RunStore final : public Store {
 public:
  /// Opens `folder` for writing as `rank` (≥ 0), making what is missing, and reads all journals.
  /// @throws Error{Io} if it cannot be written, or another process has it open as the same rank.
  RunStore(const std::filesystem::path& folder, int rank, ReportDamage report = {});
  /// Opens an existing folder for reading; `save` and `salvage` throw Error{Unsupported}.
  /// @throws Error{NotFound} if there is no such folder.
  explicit RunStore(const std::filesystem::path& folder, ReportDamage report = {});
  /// Closes as `close` does, without complaining.
  ~RunStore() override;

  const std::filesystem::path& folder() const;

  bool contains(const Key& key) const override;
  bool is_writable() const override;
  /// Checks every byte against its checksum.
  std::optional<StoredTask> load(const Key& key) override;
  /// @throws Error{Io} if the disk is full or fails: the message names the cure. The store can be
  /// used on; the next save begins a new file. Error{InvalidArgument} if units are not UTF-8.
  void save(const Key& key, const StoredTask& task) override;

  /// Keeps the chunks of streams in files of their own. Never null. A chunk survives the end of the
  /// process by any signal as soon as it is stored, and a loss of power a fraction of a second
  /// later.
  StreamStore* streams() override;

  /// Learns what other ranks have stored since the folder was opened, or last refreshed.
  void refresh() override;
  /// What is stored, by target, task, and age.
  std::vector<StoredInfo> stored();
  /// What is stored of streams, by target, task, port and age.
  std::vector<StreamInfo> stored_streams();
  /// Closes this rank's files; what comes later begins the next generation. @throws Error{Io} if
  /// closing fails; nothing that was saved is lost.
  void close();
  /// Saves again, in a file of this rank, those of the tasks that are in the journals but cannot be
  /// found in the HDF5 structure of their file (its writer was killed), and those of their streams
  /// that no single dataset of a file shows; and closes. Only while no other process writes to the
  /// folder. @returns how many were saved again.
  int salvage(std::span<const Key> keys);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// One row of the target table of run.h5.
struct TargetRow {
  std::string name;
  std::string outcome;      ///< "done", "failed", "skipped", …
  std::string reason;       ///< of a failure; may be empty
  std::int64_t length = 0;  ///< residues; 0 if not known
};

/// What run.h5 says of a run besides its tensors.
struct RunSummary {
  std::map<std::string, std::string> provenance;  ///< version, command line, seed, digests, …
  std::vector<TargetRow> targets;                 ///< in the order of the input
  /// Tasks to link, those of this run; none = all that are stored. Of several with the same target
  /// and task the one saved last is linked.
  std::vector<Key> tasks;
};

/// Writes "run.h5" into the folder of `store`: group /provenance with attributes, dataset
/// /targets_table, and /targets/<target>/<task> and /streams/<target>/<task>/<port> as external
/// links into the files of the ranks, so that h5ls, h5dump and h5py see one tree. Refreshes, closes
/// and salvages first. An existing run.h5 is replaced at once or, on an error, not at all. Only
/// while no other process writes to the folder.
/// @throws Error{Io}
void write_master_file(RunStore& store, const RunSummary& summary);

}  // namespace foldstream::io
