#include "group_commit.hpp"
#include "run_store_files.hpp"
#include "run_store_index.hpp"
#include "run_store_load.hpp"
#include "stream_store.hpp"

#include <foldstream/io/run_store.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <shared_mutex>
#include <tuple>

namespace foldstream::io {

namespace {

namespace fs = std::filesystem;

fs::path make_ranks_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder / "ranks", error);
  if (error) throw file_error(folder / "ranks", "make the folder", error.value());
  return folder / "ranks";
}

fs::path existing_folder(const fs::path& folder) {
  if (fs::is_directory(folder)) return folder / "ranks";
  throw Error(ErrorKind::NotFound, folder.string() + ": there is no such run folder.");
}

/// A task as the journals know it.
struct Known {
  Key key;
  std::int64_t saved_at = 0;
  TaskRecord record;
};

bool has_fields(const StoredTask& task) {
  return std::ranges::any_of(task.outputs, [](const auto& port) { return !port.second.empty(); });
}

/// The record of a task that has no tensors: it is all there is of it.
TaskRecord bare_record(const StoredTask& task) {
  TaskRecord record{task.target, task.task, task.seconds, {}, {}, {}, {}, task.fields};
  for (const auto& [port, fields] : task.outputs) record.ports.push_back(port);
  return record;
}

std::int64_t now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

std::string to_string(const Damage& damage) {
  const std::string fault = damage.file.string() + ": " + damage.reason;
  if (damage.task.empty() && damage.target.empty()) {
    return fault + "; the tasks recorded there count as absent and will be computed again";
  }
  if (!damage.port.empty()) {
    return fault + "; from there on stream " +
           to_string(StreamLabel{damage.target, damage.task, damage.port}) +
           " counts as absent and will be made again";
  }
  return fault + "; task '" + damage.task + "' of target '" + damage.target +
         "' counts as absent and will be computed again";
}

class RunStore::Impl {
 public:
  Impl(const fs::path& folder, int rank, ReportDamage report)
      : folder_(folder),
        ranks_(make_ranks_folder(folder)),
        stem_(rank_stem(rank)),
        report_(std::move(report)),
        index_(ranks_),
        journal_(std::in_place, ranks_ / (stem_ + ".journal")),
        files_(std::in_place, ranks_, stem_),
        commit_(std::in_place, [this] { commit(); }),
        streams_(ranks_, stem_, report_) {
    sync_folder(ranks_);
    own_ = index_.journal_number(journal_->file().path());
    refresh();
    journal_->continue_at(index_.end_of(own_));
  }

  Impl(const fs::path& folder, ReportDamage report)
      : folder_(folder),
        ranks_(existing_folder(folder)),
        report_(std::move(report)),
        index_(ranks_),
        streams_(ranks_, "", report_) {
    refresh();
  }

  ~Impl() {
    try {
      close();
    } catch (const Error&) {
      // everything saved is with the operating system
    }
  }

  const fs::path& folder() const { return folder_; }
  bool is_writable() const { return journal_.has_value(); }
  FolderStreams& streams() { return streams_; }

  bool contains(const Key& key) const {
    const std::shared_lock lock(index_mutex_);
    return index_.find(key) != nullptr;
  }

  std::optional<StoredTask> load(const Key& key) {
    const std::optional<TaskPlace> place = find(key);
    if (!place) return std::nullopt;
    TaskRecord record;
    try {
      record = read(*place);
      return load_task(ranks_, record);
    } catch (const Error& error) {
      drop(*place, record, error.what());
      return std::nullopt;
    }
  }

  void save(const Key& key, const StoredTask& task) {
    check_writable();
    commit_->check();
    try {
      check_task_text(task);
      const TaskRecord record = has_fields(task) ? files_->append(key, task) : bare_record(task);
      append(key, format_task_record(record));
      commit_->note(bytes(record));
    } catch (const Error& error) {
      throw Error(error.kind(), "cannot store task '" + task.task + "' of target '" + task.target +
                                    "': " + error.what());
    }
  }

  void flush() {
    if (commit_) commit_->now();
  }

  void refresh() {
    streams_.refresh();
    std::vector<JournalDamage> damages;
    {
      const std::unique_lock lock(index_mutex_);
      damages = index_.refresh();
    }
    if (!report_) return;
    for (const JournalDamage& damage : damages) {
      report_({damage.file, "", "", std::to_string(damage.bytes) + " damaged bytes"});
    }
  }

  /// All tasks whose record can be read, oldest first.
  std::vector<Known> known() {
    std::vector<TaskPlace> places;
    {
      const std::shared_lock lock(index_mutex_);
      places = index_.places();
    }
    std::vector<Known> known;
    for (const TaskPlace& place : places) {
      try {
        known.push_back({place.entry.key, place.entry.saved_at, read(place)});
      } catch (const Error& error) {
        drop(place, {}, error.what());
      }
    }
    return known;
  }

  /// Those of `keys`, or of all, that their files do not show.
  std::vector<Key> hidden(std::span<const Key> keys) {
    const std::set<Key> wanted(keys.begin(), keys.end());
    std::map<std::string, std::pair<std::vector<Key>, std::vector<TaskRecord>>> by_file;
    for (Known& task : known()) {
      if (!wanted.empty() && !wanted.contains(task.key)) continue;
      if (task.record.file.empty()) continue;  // no tensors: run.h5 itself shows it
      auto& [file_keys, records] = by_file[task.record.file];
      file_keys.push_back(task.key);
      records.push_back(std::move(task.record));
    }
    std::vector<Key> hidden;
    for (const auto& [name, tasks] : by_file) {
      const std::vector<bool> found = hdf5::find_tasks(ranks_ / name, tasks.second);
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (!found[i]) hidden.push_back(tasks.first[i]);
      }
    }
    return hidden;
  }

  int salvage(std::span<const Key> keys) {
    check_writable();
    close();
    refresh();
    int count = 0;
    for (const Key& key : hidden(keys)) {
      const std::optional<StoredTask> task = load(key);
      if (!task) continue;
      save(key, *task);
      ++count;
    }
    count += streams_.salvage(keys);
    close();
    return count;
  }

  void close() {
    streams_.close();
    if (!files_) return;
    std::exception_ptr failure;
    try {
      files_->close();
    } catch (const Error&) {
      failure = std::current_exception();
    }
    commit_->now();
    if (failure) std::rethrow_exception(failure);
  }

 private:
  void check_writable() const {
    if (journal_) return;
    throw Error(ErrorKind::Unsupported, folder_.string() + ": opened for reading only.");
  }

  std::optional<TaskPlace> find(const Key& key) const {
    const std::shared_lock lock(index_mutex_);
    const TaskPlace* place = index_.find(key);
    return place == nullptr ? std::nullopt : std::optional(*place);
  }

  TaskRecord read(const TaskPlace& place) const {
    const std::shared_lock lock(index_mutex_);
    return index_.record(place);
  }

  /// Reports a damaged task and forgets it; the first who comes reports.
  void drop(const TaskPlace& place, const TaskRecord& record, const std::string& reason) {
    fs::path file;
    {
      const std::unique_lock lock(index_mutex_);
      if (!index_.forget(place)) return;
      file = record.file.empty() ? index_.path_of(place.journal) : ranks_ / record.file;
    }
    if (report_) report_({file, record.target, record.task, reason});
  }

  void append(const Key& key, const std::string& text) {
    const std::optional<TaskPlace> before = find(key);
    const std::int64_t saved_at = std::max(now_ns(), before ? before->entry.saved_at + 1 : 0);
    const JournalEntry entry = journal_->append(key, saved_at, text);
    const std::unique_lock lock(index_mutex_);
    index_.add({own_, entry});
    index_.advance(own_, entry);
  }

  /// The files of the rank, then the journal: what it speaks of is there before it.
  void commit() try {
    std::exception_ptr failure;
    try {
      files_->sync();
    } catch (const Error&) {
      failure = std::current_exception();
    }
    journal_->sync();
    if (failure) std::rethrow_exception(failure);
  } catch (const Error& error) {
    throw Error(error.kind(),
                "a loss of power may cost what was stored last: " + std::string(error.what()));
  }

  fs::path folder_;
  fs::path ranks_;
  std::string stem_;
  ReportDamage report_;

  mutable std::shared_mutex index_mutex_;
  RunIndex index_;
  std::size_t own_ = 0;

  std::optional<JournalWriter> journal_;  ///< none of these: for reading only
  std::optional<RankFiles> files_;
  std::optional<GroupCommit> commit_;

  FolderStreams streams_;
};

RunStore::RunStore(const fs::path& folder, int rank, ReportDamage report) {
  if (rank < 0) {
    throw Error(ErrorKind::InvalidArgument,
                "rank " + std::to_string(rank) + " of a run store: expected 0 or more.");
  }
  impl_ = std::make_unique<Impl>(folder, rank, std::move(report));
}

RunStore::RunStore(const fs::path& folder, ReportDamage report)
    : impl_(std::make_unique<Impl>(folder, std::move(report))) {}

RunStore::~RunStore() = default;

const fs::path& RunStore::folder() const { return impl_->folder(); }
bool RunStore::is_writable() const { return impl_->is_writable(); }
bool RunStore::contains(const Key& key) const { return impl_->contains(key); }
std::optional<StoredTask> RunStore::load(const Key& key) { return impl_->load(key); }
void RunStore::save(const Key& key, const StoredTask& task) { impl_->save(key, task); }
void RunStore::refresh() { impl_->refresh(); }
StreamStore* RunStore::streams() { return &impl_->streams(); }
std::vector<StreamInfo> RunStore::stored_streams() { return impl_->streams().stored(); }
void RunStore::flush() { impl_->flush(); }
void RunStore::close() { impl_->close(); }
int RunStore::salvage(std::span<const Key> keys) { return impl_->salvage(keys); }

std::vector<StoredInfo> RunStore::stored() {
  std::vector<StoredInfo> infos;
  for (const Known& task : impl_->known()) {
    const TaskRecord& record = task.record;
    infos.push_back({task.key, record.target, record.task, record.seconds, bytes(record),
                     task.saved_at, record.file.empty() ? "" : "ranks/" + record.file, record.group,
                     record.made_of});
  }
  std::stable_sort(infos.begin(), infos.end(), [](const StoredInfo& a, const StoredInfo& b) {
    return std::tie(a.target, a.task) < std::tie(b.target, b.task);
  });
  return infos;
}

}  // namespace foldstream::io
