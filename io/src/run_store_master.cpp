#include "hdf5/tensor_file.hpp"
#include "run_store_file.hpp"
#include "run_store_record.hpp"
#include "stream_store.hpp"

#include <foldstream/io/run_store.hpp>

#include <set>

namespace foldstream::io {

namespace {

namespace fs = std::filesystem;

struct Row {
  const char* name;
  const char* outcome;
  const char* reason;
  std::int64_t length;
};

void write_target_table(const hdf5::Handle& file, const std::vector<TargetRow>& targets) {
  const hdf5::Handle text = hdf5::text_type();
  const hdf5::Handle type =
      hdf5::compound_type(sizeof(Row), {{"name", offsetof(Row, name), text.id()},
                                        {"outcome", offsetof(Row, outcome), text.id()},
                                        {"reason", offsetof(Row, reason), text.id()},
                                        {"length", offsetof(Row, length), H5T_STD_I64LE}});
  std::vector<Row> rows;
  for (const TargetRow& target : targets) {
    rows.push_back(
        {target.name.c_str(), target.outcome.c_str(), target.reason.c_str(), target.length});
  }
  const Shape shape = {static_cast<std::int64_t>(rows.size())};
  const hdf5::Handle table = hdf5::create_dataset(file, "/targets_table", type.id(), shape, {});
  hdf5::write_attribute(table, "axes", std::vector<std::string>{"target"});
  hdf5::write_attribute(table, "units", "1");
  if (!rows.empty()) hdf5::write_dataset(table, type.id(), rows.data(), "/targets_table");
}

void write_provenance(const hdf5::Handle& file, const std::map<std::string, std::string>& facts) {
  const hdf5::Handle group = hdf5::create_group(file, "/provenance");
  for (const auto& [name, value] : facts) hdf5::write_attribute(group, name, value);
}

void write_links(const hdf5::Handle& file, const std::vector<StoredInfo>& stored,
                 const std::vector<Key>& tasks) {
  const std::set<Key> wanted(tasks.begin(), tasks.end());
  std::map<std::string, const StoredInfo*> newest;
  for (const StoredInfo& info : stored) {  // the oldest of a name first
    if (wanted.empty() || wanted.contains(info.key)) {
      newest[task_path(info.target, info.task)] = &info;
    }
  }
  hdf5::create_group(file, "/targets");
  for (const auto& [path, info] : newest) {
    if (info->file.empty()) {  // it has no tensors, and is in no file
      hdf5::create_task_group(file, path, info->key, {info->target, info->task, info->seconds});
    } else {
      hdf5::create_external_link(file, path, info->file, info->group);
    }
  }
}

void write_stream_links(const hdf5::Handle& file, const std::vector<StreamInfo>& stored,
                        const std::vector<Key>& tasks) {
  StreamsOf wanted(tasks);
  std::map<std::string, const StreamInfo*> newest;
  for (const StreamInfo& info : stored) {  // the oldest of a name first
    if (!info.dataset.empty() && wanted.contains(info.id, info.label.port)) {
      newest[stream_path(info.label)] = &info;
    }
  }
  hdf5::create_group(file, "/streams");
  for (const auto& [path, info] : newest) {
    hdf5::create_external_link(file, path, info->files.at(0), info->dataset);
  }
}

}  // namespace

void write_master_file(RunStore& store, const RunSummary& summary) {
  store.salvage(summary.tasks);
  const std::vector<StoredInfo> stored = store.stored();
  const std::vector<StreamInfo> streams = store.stored_streams();
  const fs::path path = store.folder() / "run.h5", partial = store.folder() / "run.h5.partial";
  std::error_code error;
  fs::remove(partial, error);
  try {
    hdf5::OutputFile file(partial);
    const std::size_t lines = summary.targets.size() + summary.provenance.size() + streams.size();
    file.reserve(lines * 512 + stored.size() * 1024 + (1 << 20));
    {
      const hdf5::Lock lock;
      hdf5::write_attribute(file.handle(), "format", "foldstream run 1");
      write_provenance(file.handle(), summary.provenance);
      write_target_table(file.handle(), summary.targets);
      write_links(file.handle(), stored, summary.tasks);
      write_stream_links(file.handle(), streams, summary.tasks);
    }
    file.close();
  } catch (...) {
    fs::remove(partial, error);
    throw;
  }
  fs::rename(partial, path, error);
  if (error) throw file_error(path, "replace the file", error.value());
  sync_folder(store.folder());
}

}  // namespace foldstream::io
