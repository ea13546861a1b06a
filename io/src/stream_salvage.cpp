// FolderStreams: what is stored, and streams copied that their HDF5 files do not show.
#include "stream_store.hpp"

#include <algorithm>
#include <tuple>

namespace foldstream::io {

namespace {

namespace fs = std::filesystem;

}  // namespace

bool StreamsOf::contains(const Key& id, const std::string& port) {
  if (tasks_.empty()) return true;
  const auto [found, is_new] = ids_.try_emplace(port);
  if (is_new) {
    for (const Key& task : tasks_) found->second.insert(stream_id(task, port));
  }
  return found->second.contains(id);
}

StreamInfo FolderStreams::info_of(const Key& id, const KnownStream& known) {
  const std::int64_t rows = index_.rows(id);
  StreamInfo info{id,
                  known.header.label,
                  known.header.type,
                  known.chunks,
                  rows,
                  static_cast<std::uint64_t>(rows) * known.header.row_bytes(),
                  known.is_complete,
                  known.first_at,
                  known.last_at,
                  {},
                  ""};
  for (const StreamPart& part : index_.parts(id)) {
    const std::string file = "ranks/" + part.header.file;
    const bool is_known = std::find(info.files.begin(), info.files.end(), file) != info.files.end();
    if (!is_known) info.files.push_back(file);
    const bool has_all =
        part.header.first_chunk == 0 && part.chunks >= known.chunks && !part.is_cut;
    if (!has_all || !info.dataset.empty()) continue;
    info.dataset = part.header.dataset;
    std::iter_swap(info.files.begin(), std::find(info.files.begin(), info.files.end(), file));
  }
  return info;
}

std::vector<StreamInfo> FolderStreams::stored() {
  std::vector<StreamInfo> infos;
  for (const Key& id : index_.ids()) {
    try {
      if (const auto known = find_known(id)) infos.push_back(info_of(id, *known));
    } catch (const Error& error) {
      drop(id, 0, ranks_, {}, error.what());
    }
  }
  std::sort(infos.begin(), infos.end(), [](const StreamInfo& a, const StreamInfo& b) {
    return std::tie(a.label.target, a.label.task, a.label.port, a.last_at, a.id) <
           std::tie(b.label.target, b.label.task, b.label.port, b.last_at, b.id);
  });
  return infos;
}

/// Whether one dataset has all chunks, and can be found by its name in a file that is whole.
bool FolderStreams::is_shown(const Key& id, const KnownStream& known) {
  for (const StreamPart& part : index_.parts(id)) {
    const StreamHeader& header = part.header;
    if (header.first_chunk != 0 || part.chunks < known.chunks || part.is_cut) continue;
    std::error_code none;
    const fs::path path = ranks_ / header.file;
    const std::optional<std::uint64_t> closed = index_.closed_bytes(header.file);
    if (closed && *closed == fs::file_size(path, none)) return true;
    if (hdf5::is_shown(
            path, {header.dataset, header.type, header.chunk_rows, index_.pieces(id, header)})) {
      return true;
    }
  }
  return false;
}

int FolderStreams::salvage(std::span<const Key> tasks) {
  StreamsOf wanted(tasks);
  close();
  refresh();
  int count = 0;
  for (const Key& id : index_.ids()) {
    const std::optional<KnownStream> known = find_known(id);
    if (!known || (known->chunks == 0 && !known->is_complete)) continue;
    if (!wanted.contains(id, known->header.label.port) || is_shown(id, *known)) continue;
    copy(id, *known);
    ++count;
  }
  close();
  return count;
}

void FolderStreams::copy(const Key& id, const KnownStream& known) {
  WriteBehind& writer = this->writer();
  writer.wait_written(id);
  writer.begin_anew(id, known.header.type, known.header.label);
  for (std::int64_t chunk = 0; chunk < index_.chunks(id); ++chunk) {
    try {
      writer.append(id, read(id, chunk), {});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Io || index_.chunks(id) > chunk) throw;
      break;  // damaged from here on, and reported
    }
  }
  if (known.is_complete && index_.chunks(id) == known.chunks) {
    writer.finish(id);
  } else {
    writer.wait_written(id);
  }
}

}  // namespace foldstream::io
