#include "stream_index.hpp"

#include <fcntl.h>

#include <algorithm>

namespace foldstream::io {

namespace {

constexpr std::int64_t most_chunks = 256;  // of a span of several frames
constexpr std::uint64_t longest_stretch = std::uint64_t{64} << 10;

/// Chunks and rows of a frame.
std::pair<std::int64_t, std::int64_t> count(const StreamFrame& frame) {
  std::int64_t chunks = 0, rows = 0;
  for (const StreamPiece& piece : pieces_in(frame)) {
    chunks += piece.left == 0 ? 1 : 0;
    rows += piece.rows;
  }
  return {chunks, rows};
}

}  // namespace

const StreamIndex::Span* StreamIndex::Part::find(std::int64_t chunk) const {
  auto after = std::upper_bound(spans.begin(), spans.end(), chunk,
                                [](std::int64_t at, const Span& span) { return at < span.first; });
  if (after == spans.begin()) return nullptr;
  const Span& span = *--after;
  return chunk < span.first + span.chunks ? &span : nullptr;
}

std::vector<JournalDamage> StreamIndex::refresh() {
  std::vector<JournalDamage> damages;
  const std::unique_lock lock(mutex_);
  for (const auto& path : files_of_ranks(ranks_, ".streams")) {
    const FrameScan scan = read_on(number_of(path));
    if (scan.skipped > 0) damages.push_back({path, scan.skipped});
  }
  return damages;
}

std::uint64_t StreamIndex::refresh(const std::filesystem::path& journal) {
  const std::unique_lock lock(mutex_);
  return read_on(number_of(journal)).end;
}

std::size_t StreamIndex::number_of(const std::filesystem::path& path) {
  const auto known = std::find_if(journals_.begin(), journals_.end(), [&](const Journal& journal) {
    return journal.file.path() == path;
  });
  if (known == journals_.end()) {
    journals_.push_back({File(path, O_RDONLY), 0});
    return journals_.size() - 1;
  }
  return static_cast<std::size_t>(known - journals_.begin());
}

FrameScan StreamIndex::read_on(std::size_t journal) {
  const std::uint64_t from = journals_[journal].end, size = journals_[journal].file.size();
  const FrameScan scan = scan_frames(journals_[journal].file, from, size, stream_magic,
                                     [&](const Frame& frame) { add(journal, frame); });
  journals_[journal].end = scan.end;
  return scan;
}

void StreamIndex::add(std::size_t journal, const Frame& frame) {
  const std::optional<StreamFrame> content = parse_stream_frame(frame.body);
  if (!content) return;
  switch (content->kind) {
    case StreamFrameKind::header:
      return add_header(journal, frame);
    case StreamFrameKind::chunks:
      return add_chunks(journal, frame, *content);
    case StreamFrameKind::end:
      if (const auto found = streams_.find(frame.key); found != streams_.end()) {
        found->second.ended = content->count;
        found->second.last_at = std::max(found->second.last_at, frame.time);
      }
      return;
    case StreamFrameKind::closed:
      closed_[std::string(content->text)] = static_cast<std::uint64_t>(content->count);
      return;
  }
}

void StreamIndex::add_header(std::size_t journal, const Frame& frame) {
  Known& known = streams_[frame.key];
  const auto older = std::find_if(known.parts.begin(), known.parts.end(),
                                  [&](const Part& part) { return part.begun_at <= frame.time; });
  known.parts.insert(older, {journal, frame.offset, frame.length, frame.time, {}});
  known.first_at = known.first_at == 0 ? frame.time : std::min(known.first_at, frame.time);
  known.last_at = std::max(known.last_at, frame.time);
}

void StreamIndex::add_chunks(std::size_t journal, const Frame& frame, const StreamFrame& content) {
  const auto found = streams_.find(frame.key);
  if (found == streams_.end()) return;  // its header is damaged
  Known& known = found->second;
  const auto part = std::find_if(known.parts.begin(), known.parts.end(), [&](const Part& p) {
    return p.journal == journal && p.header == content.header;
  });
  if (part == known.parts.end()) return;
  const auto [chunks, rows] = count(content);
  const std::uint64_t end = frame.offset + frame.length;
  Span* last = part->spans.empty() ? nullptr : &part->spans.back();
  if (last != nullptr && last->first + last->chunks > content.first_chunk) return;  // not ours
  if (last != nullptr && last->first + last->chunks == content.first_chunk &&
      last->chunks + chunks <= most_chunks && end - last->begin <= longest_stretch) {
    last->chunks += chunks;
    last->rows += rows;
    last->end = end;
  } else {
    part->spans.push_back({frame.offset, end, content.first_chunk, chunks, rows});
  }
  known.last_at = std::max(known.last_at, frame.time);
  advance(known);
}

void StreamIndex::advance(Known& known) {
  for (bool is_moving = true; is_moving;) {
    is_moving = false;
    for (const Part& part : known.parts) {
      while (const Span* span = part.find(known.chunks)) {
        known.chunks = span->first + span->chunks;
        is_moving = true;
      }
    }
  }
}

std::int64_t StreamIndex::chunks(const Key& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = streams_.find(id);
  return found == streams_.end() ? 0 : found->second.chunks;
}

StreamHeader StreamIndex::newest_header(const Key& id, const Known& known) const {
  std::exception_ptr failure;
  for (const Part& part : known.parts) {
    try {
      return header_of(id, part);
    } catch (const Error&) {
      if (!failure) failure = std::current_exception();
    }
  }
  std::rethrow_exception(failure);
}

std::optional<KnownStream> StreamIndex::find(const Key& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = streams_.find(id);
  if (found == streams_.end()) return std::nullopt;
  const Known& known = found->second;
  return KnownStream{newest_header(id, known), known.chunks, known.ended == known.chunks,
                     known.first_at, known.last_at};
}

bool StreamIndex::cut(const Key& id, std::int64_t chunk) {
  const std::unique_lock lock(mutex_);
  const auto found = streams_.find(id);
  if (found == streams_.end() || found->second.chunks <= chunk) return false;
  for (Part& part : found->second.parts) {
    for (; !part.spans.empty() && part.spans.back().first >= chunk; part.is_cut = true) {
      part.spans.pop_back();
    }
    if (part.spans.empty()) continue;
    Span& last = part.spans.back();
    if (last.first + last.chunks <= chunk) continue;
    last.chunks = chunk - last.first;
    last.rows = -1;
    part.is_cut = true;
  }
  found->second.chunks = chunk;
  found->second.ended = -1;
  return true;
}

std::vector<Key> StreamIndex::ids() const {
  const std::shared_lock lock(mutex_);
  std::vector<Key> ids;
  for (const auto& [id, known] : streams_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<StreamPart> StreamIndex::parts(const Key& id) const {
  const std::shared_lock lock(mutex_);
  std::vector<StreamPart> parts;
  const auto found = streams_.find(id);
  if (found == streams_.end()) return parts;
  for (const Part& part : found->second.parts) {
    StreamPart known{header_of(id, part), 0, part.is_cut};
    std::int64_t next = known.header.first_chunk;
    while (const Span* span = part.find(next)) next = span->first + span->chunks;
    known.chunks = next - known.header.first_chunk;
    parts.push_back(std::move(known));
  }
  return parts;
}

std::optional<std::uint64_t> StreamIndex::closed_bytes(const std::string& file) const {
  const std::shared_lock lock(mutex_);
  const auto found = closed_.find(file);
  return found == closed_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace foldstream::io
